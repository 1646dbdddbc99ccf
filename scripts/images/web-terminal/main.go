// Command web-terminal serves a shell of the user it runs as to a web browser: a page at /, a websocket
// at /terminal. Whoever reaches it is that user, so only the gateway may.
package main

import (
	"flag"
	"log"
	"net/http"
	"os"
	"runtime"
	"time"
)

func main() {
	listen := flag.String("listen", ":8080", "address to serve on")
	page := flag.String("page", "/usr/share/labplan/web-terminal", "folder of the page")
	flag.Parse()
	// A seat may have 256 threads and processes in all.
	runtime.GOMAXPROCS(2)
	log.SetFlags(0)
	log.SetPrefix("web-terminal: ")

	shell := flag.Args()
	if len(shell) == 0 {
		shell = []string{loginShell(), "-l"}
	}
	files, err := readPage(*page)
	if err != nil {
		log.Fatal(err)
	}
	routes := http.NewServeMux()
	routes.Handle("GET /terminal", &terminals{shells: newShells(shell)})
	routes.Handle("GET /", files)
	server := &http.Server{
		Addr:              *listen,
		Handler:           withHeaders(routes),
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
	}
	log.Fatal(server.ListenAndServe())
}

func loginShell() string {
	if shell := os.Getenv("SHELL"); shell != "" {
		return shell
	}
	return "/bin/sh"
}

// Nothing of the page comes from elsewhere. xterm.js writes its measures into style elements.
func withHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(answer http.ResponseWriter, request *http.Request) {
		headers := answer.Header()
		headers.Set("Content-Security-Policy", "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src data:; connect-src 'self' ws: wss:; base-uri 'none'; form-action 'none'")
		headers.Set("X-Content-Type-Options", "nosniff")
		headers.Set("Referrer-Policy", "no-referrer")
		next.ServeHTTP(answer, request)
	})
}

// Command echo stands in a seat for the program a student uses, where a test or a bench must know exactly
// what arrived: a page of 4 KiB at /, a websocket at /echo that says back what it hears, and at /taken
// how much it has been sent since it started.
package main

import (
	"bufio"
	"crypto/sha1"
	"encoding/base64"
	"encoding/json"
	"flag"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// Bytes and connections that ever came to the port, those of /taken included.
type taken struct {
	Bytes       atomic.Int64
	Connections atomic.Int64
}

func main() {
	listen := flag.String("listen", ":9000", "address to serve on")
	word := flag.String("word", "echo", "what the page begins with")
	flag.Parse()
	listener, err := net.Listen("tcp", *listen)
	if err != nil {
		log.Fatal(err)
	}
	all := &taken{}
	page := []byte(*word + "\n" + strings.Repeat("a page of a seat\n", 256))[:4096]
	routes := http.NewServeMux()
	routes.HandleFunc("GET /{$}", func(answer http.ResponseWriter, _ *http.Request) {
		answer.Header().Set("Content-Type", "text/plain")
		answer.Header().Set("Content-Length", strconv.Itoa(len(page)))
		answer.Write(page)
	})
	routes.HandleFunc("GET /taken", func(answer http.ResponseWriter, _ *http.Request) {
		json.NewEncoder(answer).Encode(map[string]int64{"bytes": all.Bytes.Load(), "connections": all.Connections.Load()})
	})
	routes.HandleFunc("GET /echo", echo)
	server := &http.Server{Handler: routes, ReadHeaderTimeout: 10 * time.Second}
	log.Fatal(server.Serve(&countingListener{listener, all}))
}

type countingListener struct {
	net.Listener
	all *taken
}

func (listener *countingListener) Accept() (net.Conn, error) {
	connection, err := listener.Listener.Accept()
	if err != nil {
		return nil, err
	}
	listener.all.Connections.Add(1)
	return &countingConnection{connection, listener.all}, nil
}

type countingConnection struct {
	net.Conn
	all *taken
}

func (connection *countingConnection) Read(into []byte) (int, error) {
	length, err := connection.Conn.Read(into)
	connection.all.Bytes.Add(int64(length))
	return length, err
}

// A websocket (RFC 6455) for clients that behave: each frame comes back unmasked and otherwise as it was.
func echo(answer http.ResponseWriter, request *http.Request) {
	key := request.Header.Get("Sec-WebSocket-Key")
	digest := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	connection, buffered, err := http.NewResponseController(answer).Hijack()
	if err != nil {
		return
	}
	defer connection.Close()
	buffered.WriteString("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n")
	buffered.WriteString("Sec-WebSocket-Accept: " + base64.StdEncoding.EncodeToString(digest[:]) + "\r\n\r\n")
	if buffered.Flush() != nil {
		return
	}
	for echoFrame(buffered) {
	}
}

// Frames of up to 125 bytes, which is what the bench sends; a close frame is said back and ends it.
func echoFrame(buffered *bufio.ReadWriter) bool {
	head := make([]byte, 6)
	if _, err := io.ReadFull(buffered, head); err != nil || head[1]&0x80 == 0 || head[1]&0x7f > 125 {
		return false
	}
	body := make([]byte, head[1]&0x7f)
	if _, err := io.ReadFull(buffered, body); err != nil {
		return false
	}
	for i := range body {
		body[i] ^= head[2+i%4]
	}
	buffered.Write([]byte{head[0], byte(len(body))})
	buffered.Write(body)
	const closing = 8
	return buffered.Flush() == nil && head[0]&0x0f != closing
}

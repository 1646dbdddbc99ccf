package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"time"
)

var nonceForm = regexp.MustCompile(`^[A-Za-z0-9_-]{16,128}$`)

// What the gateway asks after it connected, since a node's port may belong to another seat meanwhile.
type identity struct {
	Task  string `json:"task"`
	Proof string `json:"proof"`
}

// The proof that whoever answers for a task holds the key of its seat: HMAC-SHA256(key, task.nonce).
func prove(key []byte, task, nonce string) identity {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(task + "." + nonce))
	return identity{Task: task, Proof: base64.RawURLEncoding.EncodeToString(mac.Sum(nil))}
}

func serveIdentity(port int, task string, key []byte) error {
	listener, err := net.Listen("tcp", fmt.Sprintf(":%d", port))
	if err != nil {
		return fmt.Errorf("cannot serve the seat's identity: %w", err)
	}
	server := &http.Server{
		Handler:           identityHandler(task, key),
		ReadHeaderTimeout: 5 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    8 << 10,
	}
	go server.Serve(listener)
	return nil
}

func identityHandler(task string, key []byte) http.Handler {
	routes := http.NewServeMux()
	routes.HandleFunc("GET /identity", func(answer http.ResponseWriter, request *http.Request) {
		nonce := request.URL.Query().Get("nonce")
		if !nonceForm.MatchString(nonce) {
			http.Error(answer, "nonce: 16 to 128 characters of base64url", http.StatusBadRequest)
			return
		}
		answer.Header().Set("Content-Type", "application/json")
		answer.Header().Set("Cache-Control", "no-store")
		json.NewEncoder(answer).Encode(prove(key, task, nonce))
	})
	routes.HandleFunc("GET /counters", countersHandler("/", task, key))
	return routes
}

package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"mime"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// The page's files, held in memory: path of the address → file.
type pageFiles map[string]pageFile

type pageFile struct {
	kind, version   string
	plain, squeezed []byte
}

// Reads a folder of files; `name.gz` beside `name` is its compressed form, made when the image is.
func readPage(folder string) (pageFiles, error) {
	files := pageFiles{}
	names, err := os.ReadDir(folder)
	if err != nil {
		return nil, fmt.Errorf("cannot read the page: %w", err)
	}
	for _, entry := range names {
		if strings.HasSuffix(entry.Name(), ".gz") {
			continue
		}
		plain, err := os.ReadFile(filepath.Join(folder, entry.Name()))
		if err != nil {
			return nil, fmt.Errorf("cannot read the page: %w", err)
		}
		digest := sha256.Sum256(plain)
		file := pageFile{
			kind:    mime.TypeByExtension(filepath.Ext(entry.Name())),
			version: `"` + hex.EncodeToString(digest[:12]) + `"`,
			plain:   plain,
		}
		if squeezed, err := os.ReadFile(filepath.Join(folder, entry.Name()+".gz")); err == nil {
			file.squeezed = squeezed
		}
		files["/"+entry.Name()] = file
	}
	files["/"] = files["/index.html"]
	return files, nil
}

func (files pageFiles) ServeHTTP(answer http.ResponseWriter, request *http.Request) {
	file, found := files[request.URL.Path]
	if !found {
		http.NotFound(answer, request)
		return
	}
	headers := answer.Header()
	headers.Set("Content-Type", file.kind)
	headers.Set("Cache-Control", "no-cache")
	headers.Set("ETag", file.version)
	headers.Set("Vary", "Accept-Encoding")
	content := file.plain
	if file.squeezed != nil && strings.Contains(request.Header.Get("Accept-Encoding"), "gzip") {
		headers.Set("Content-Encoding", "gzip")
		content = file.squeezed
	}
	http.ServeContent(answer, request, "", time.Time{}, bytes.NewReader(content))
}

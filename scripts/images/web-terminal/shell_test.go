package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestAPageThatComesLaterSeesWhatWasPrinted(t *testing.T) {
	all := newShells([]string{"/bin/sh", "-c", "echo printed; sleep 60"})
	shell, page, isOld, err := all.find("")
	if err != nil || isOld {
		t.Fatal(err, isOld)
	}
	read(t, shell, page, "printed")
	shell.leave(page)
	again, page, isOld, _ := all.find(shell.id)
	if again != shell || !isOld {
		t.Errorf("another shell, or a new one: %v", isOld)
	}
	read(t, again, page, "printed")
}

func TestTheShellLeftLastIsGivenBack(t *testing.T) {
	all := newShells([]string{"/bin/sh", "-c", "sleep 60"})
	first, firstPage, _, _ := all.find("")
	second, secondPage, _, _ := all.find("")
	if first == second {
		t.Fatal("two pages at once were given one shell")
	}
	second.leave(secondPage)
	first.leave(firstPage)
	if given, _, _, _ := all.find("unknown"); given != first {
		t.Error("not the one left last")
	}
}

func TestAProgramWaitsForThePageThatWatches(t *testing.T) {
	all := newShells([]string{"/bin/sh", "-c", "exec yes"})
	shell, page, _, _ := all.find("")
	// The page is sent all of it, and shows nothing.
	taken := 0
	for taken <= slackBytes {
		output, _ := shell.next(page)
		taken += len(output)
	}
	settled := waitUntilStill(shell)
	if behind := settled - page.seen; behind <= slackBytes || behind > slackBytes+64<<10 {
		t.Errorf("went on to %d bytes ahead of the page", behind)
	}
	// It has shown it: the program goes on. It leaves: the program does not wait for anybody.
	shell.shown(page, taken)
	eventually(t, func() bool { return printed(shell) > settled })
	settled = waitUntilStill(shell)
	shell.leave(page)
	eventually(t, func() bool { return printed(shell) > settled+memoryBytes })
}

func TestMemoryForgetsTheOldest(t *testing.T) {
	all := newShells([]string{"/bin/sh", "-c", "head -c 2000000 /dev/zero | tr '\\0' x; echo; echo last; sleep 60"})
	shell, page, _, _ := all.find("")
	shell.leave(page)
	eventually(t, func() bool {
		shell.mutex.Lock()
		defer shell.mutex.Unlock()
		return bytes.HasSuffix(shell.memory, []byte("last\r\n"))
	})
	shell.mutex.Lock()
	defer shell.mutex.Unlock()
	if len(shell.memory) != memoryBytes || shell.start != 2000000+len("\r\nlast\r\n")-memoryBytes {
		t.Errorf("%d bytes from %d", len(shell.memory), shell.start)
	}
}

func TestAShellThatEndedSaysHow(t *testing.T) {
	all := newShells([]string{"/bin/sh", "-c", "echo bye; exit 3"})
	shell, page, _, _ := all.find("")
	read(t, shell, page, "bye")
	if _, more := shell.next(page); more || shell.status != 3 {
		t.Errorf("more: %v, status %d", more, shell.status)
	}
	if other, _, _, _ := all.find(shell.id); other == shell {
		t.Error("a shell that ended was given again")
	}
}

func TestOnlyItsOwnPageMayOpenAShell(t *testing.T) {
	for origin, want := range map[string]bool{
		"":                         true, // A program, which has the gateway's pass on purpose.
		"http://seat.example:7081": true,
		"http://outside.example":   true,
		"http://evil.example":      false,
		"null":                     false,
	} {
		request := httptest.NewRequest("GET", "http://seat.example:7081/terminal", nil)
		request.Header.Set("X-Forwarded-Host", "outside.example")
		if origin != "" {
			request.Header.Set("Origin", origin)
		}
		if isOwnPage(request) != want {
			t.Errorf("origin %q", origin)
		}
	}
}

func TestFilesAreServedCompressedWhereTheyAre(t *testing.T) {
	folder := t.TempDir()
	for name, text := range map[string]string{"index.html": "page", "a.js": "code", "a.js.gz": "packed"} {
		os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644)
	}
	files, err := readPage(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, each := range []struct{ path, accepts, want, kind string }{
		{"/", "", "page", "text/html"},
		{"/a.js", "", "code", "text/javascript"},
		{"/a.js", "gzip, br", "packed", "text/javascript"},
		{"/a.js.gz", "", "404", ""},
		{"/../main.go", "", "404", ""},
	} {
		request := httptest.NewRequest("GET", "http://x"+each.path, nil)
		request.Header.Set("Accept-Encoding", each.accepts)
		answer := httptest.NewRecorder()
		withHeaders(files).ServeHTTP(answer, request)
		if answer.Code == http.StatusNotFound && each.want == "404" {
			continue
		}
		if answer.Body.String() != each.want || !strings.HasPrefix(answer.Header().Get("Content-Type"), each.kind) {
			t.Errorf("%+v: %d %q %v", each, answer.Code, answer.Body, answer.Header())
		}
	}
}

func read(t *testing.T, shell *shell, page *watcher, want string) {
	t.Helper()
	all := ""
	for !strings.Contains(all, want) {
		output, more := shell.next(page)
		if !more {
			t.Fatalf("ended with %q", all)
		}
		all += string(output)
	}
}

func printed(shell *shell) int {
	shell.mutex.Lock()
	defer shell.mutex.Unlock()
	return shell.start + len(shell.memory)
}

func waitUntilStill(shell *shell) int {
	before := -1
	for now := printed(shell); now != before; now = printed(shell) {
		before = now
		time.Sleep(200 * time.Millisecond)
	}
	return before
}

func eventually(t *testing.T, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("still not so")
		}
	}
}

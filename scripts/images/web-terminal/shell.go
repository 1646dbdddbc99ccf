package main

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"sync"
	"time"

	"github.com/creack/pty"
)

const (
	// What a page that comes back is shown again: a few thousand lines.
	memoryBytes = 512 << 10
	// How far a page may fall behind before the program it watches has to wait. Less than the memory,
	// so that nothing a page has yet to show is forgotten.
	slackBytes = 128 << 10
	// A seat has 256 processes; every tab may have a shell, but not all of those.
	mostShells = 20
	// How long a shell that ended may have something to say; what it left in the background may hold its
	// terminal for ever.
	lastWords = 300 * time.Millisecond
)

// One shell on a pseudo terminal. It goes on when the pages that watch it go, and remembers what it
// printed for the next one.
type shell struct {
	id      string
	console *os.File
	// Closed when all it printed was read.
	drained chan struct{}

	mutex sync.Mutex
	// Told whenever something below changed.
	changed *sync.Cond
	// The last bytes printed; the first of them is byte number `start` of all.
	memory []byte
	start  int
	pages  []*watcher
	// When the last page that watched it went.
	left   time.Time
	ended  bool
	status int
}

// A page that shows a shell, and the numbers of three bytes: the one its first came after, the last
// handed to it, the last it has shown.
type watcher struct {
	from, sent, seen int
	// The last byte that was printed before the page came.
	past int
	gone bool
}

type shells struct {
	command []string
	mutex   sync.Mutex
	all     []*shell
}

func newShells(command []string) *shells {
	return &shells{command: command}
}

var errTooMany = fmt.Errorf("%d shells are open already", mostShells)

// The shell a page asks for by id; else the last one that was left (the tab was closed, and the student
// is back); else a new one. Answers whether it is an old one.
func (all *shells) find(id string) (*shell, *watcher, bool, error) {
	all.mutex.Lock()
	defer all.mutex.Unlock()
	all.all = slices.DeleteFunc(all.all, (*shell).hasEnded)
	if known := all.known(id); known != nil {
		return known, known.watch(), true, nil
	}
	if len(all.all) >= mostShells {
		return nil, nil, false, errTooMany
	}
	made, err := startShell(all.command)
	if err != nil {
		return nil, nil, false, err
	}
	all.all = append(all.all, made)
	return made, made.watch(), false, nil
}

func (all *shells) known(id string) *shell {
	var left *shell
	for _, each := range all.all {
		if each.id == id {
			return each
		}
		if !each.isWatched() && (left == nil || each.left.After(left.left)) {
			left = each
		}
	}
	return left
}

func startShell(command []string) (*shell, error) {
	process := exec.Command(command[0], command[1:]...)
	process.Env = append(os.Environ(), "TERM=xterm-256color", "COLORTERM=truecolor")
	process.Dir = os.Getenv("HOME")
	console, err := pty.StartWithSize(process, &pty.Winsize{Rows: 24, Cols: 80})
	if err != nil {
		return nil, fmt.Errorf("cannot start %s: %w", command[0], err)
	}
	id := make([]byte, 12)
	rand.Read(id)
	made := &shell{id: hex.EncodeToString(id), console: console, drained: make(chan struct{})}
	made.changed = sync.NewCond(&made.mutex)
	go made.remember()
	go made.await(process)
	return made, nil
}

// Reads what the shell prints, as fast as the slowest page shows it; without a page, as it comes.
func (shell *shell) remember() {
	buffer := make([]byte, 32<<10)
	for {
		count, err := shell.console.Read(buffer)
		shell.mutex.Lock()
		shell.memory = append(shell.memory, buffer[:count]...)
		if extra := len(shell.memory) - memoryBytes; extra > 0 {
			shell.memory = append([]byte{}, shell.memory[extra:]...)
			shell.start += extra
		}
		shell.changed.Broadcast()
		for shell.mostBehind() > slackBytes {
			shell.changed.Wait()
		}
		shell.mutex.Unlock()
		if err != nil {
			shell.console.Close()
			close(shell.drained)
			return
		}
	}
}

func (shell *shell) mostBehind() int {
	behind := 0
	for _, page := range shell.pages {
		behind = max(behind, shell.start+len(shell.memory)-page.seen)
	}
	return behind
}

func (shell *shell) await(process *exec.Cmd) {
	err := process.Wait()
	select {
	case <-shell.drained:
	case <-time.After(lastWords):
	}
	var exit *exec.ExitError
	shell.mutex.Lock()
	defer shell.mutex.Unlock()
	shell.ended = true
	if errors.As(err, &exit) {
		shell.status = exit.ExitCode()
	}
	shell.changed.Broadcast()
}

// A page begins with what is remembered.
func (shell *shell) watch() *watcher {
	shell.mutex.Lock()
	defer shell.mutex.Unlock()
	end := shell.start + len(shell.memory)
	page := &watcher{from: shell.start, sent: shell.start, seen: end, past: end}
	shell.pages = append(shell.pages, page)
	return page
}

func (shell *shell) leave(page *watcher) {
	shell.mutex.Lock()
	defer shell.mutex.Unlock()
	if page.gone {
		return
	}
	page.gone = true
	shell.left = time.Now()
	shell.pages = slices.DeleteFunc(shell.pages, func(each *watcher) bool { return each == page })
	shell.changed.Broadcast()
}

// Waits for what the page has not been sent yet. `more` is false when the shell has ended and all of
// it was sent, or when the page has gone.
func (shell *shell) next(page *watcher) (output []byte, more bool) {
	shell.mutex.Lock()
	defer shell.mutex.Unlock()
	for {
		if forgotten := shell.start - page.sent; forgotten > 0 {
			page.from += forgotten
			page.sent += forgotten
		}
		output = shell.memory[page.sent-shell.start:]
		if page.gone || (shell.ended && len(output) == 0) {
			return nil, false
		}
		if len(output) > 0 {
			output = slices.Clone(output[:min(len(output), 64<<10)])
			page.sent += len(output)
			return output, true
		}
		shell.changed.Wait()
	}
}

// The page has shown so many bytes since it came.
func (shell *shell) shown(page *watcher, count int) {
	shell.mutex.Lock()
	defer shell.mutex.Unlock()
	page.seen = max(page.seen, min(page.from+count, page.sent))
	shell.changed.Broadcast()
}

// A program that fills the screen draws it anew when the size changes; a page that came back has to
// make it change.
func (shell *shell) resize(columns, rows uint16, redraw bool) {
	if redraw {
		pty.Setsize(shell.console, &pty.Winsize{Rows: rows, Cols: max(columns-1, 1)})
	}
	pty.Setsize(shell.console, &pty.Winsize{Rows: rows, Cols: columns})
}

func (shell *shell) hasEnded() bool {
	shell.mutex.Lock()
	defer shell.mutex.Unlock()
	return shell.ended
}

func (shell *shell) isWatched() bool {
	shell.mutex.Lock()
	defer shell.mutex.Unlock()
	return len(shell.pages) > 0
}

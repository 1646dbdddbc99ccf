package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Of the eight seconds a seat has to end, those its student's programs have before their terminals go.
const lastWordsLimit = 5 * time.Second

// Tells every process of this user to end. Programs first, by TERM, and they are waited for: a program
// that is saving its work would be ended by the HUP it gets when its terminal, or the shell that started
// it, goes away. Then shells and what holds terminals (HUP ends a shell, which ignores TERM, and has it
// save its history).
func hangUp() {
	programs := ownProcesses(func(process process) bool { return !process.holdsTerminal() })
	for _, each := range programs {
		syscall.Kill(each.pid, syscall.SIGTERM)
		syscall.Kill(each.pid, syscall.SIGCONT)
	}
	deadline := time.Now().Add(lastWordsLimit)
	for time.Now().Before(deadline) && anyWillEnd(programs) {
		time.Sleep(20 * time.Millisecond)
	}
	for _, each := range []syscall.Signal{syscall.SIGTERM, syscall.SIGHUP, syscall.SIGCONT} {
		syscall.Kill(-1, each)
	}
}

// A process, and what /proc says of it: see proc(5).
type process struct {
	pid    int
	folder string
}

func ownProcesses(wanted func(process) bool) []process {
	found := []process{}
	folders, _ := filepath.Glob("/proc/[0-9]*")
	for _, folder := range folders {
		pid, err := strconv.Atoi(filepath.Base(folder))
		each := process{pid, folder}
		if err == nil && pid != os.Getpid() && ownerOf(folder) == os.Getuid() && each.runs() && wanted(each) {
			found = append(found, each)
		}
	}
	return found
}

func anyWillEnd(processes []process) bool {
	for _, each := range processes {
		if each.runs() && !each.ignores(syscall.SIGTERM) {
			return true
		}
	}
	return false
}

// Neither gone nor a zombie.
func (process process) runs() bool {
	state := process.status("State")
	return state != "" && !strings.HasPrefix(state, "Z") && !strings.HasPrefix(state, "X")
}

func (process process) ignores(signal syscall.Signal) bool {
	mask, err := strconv.ParseUint(process.status("SigIgn"), 16, 64)
	return err == nil && mask&(1<<(uint(signal)-1)) != 0
}

// Whether it has the outer end of a pseudo terminal: when it ends, so does what runs in there. sshd lets
// nobody look; it has one.
func (process process) holdsTerminal() bool {
	descriptors, err := os.ReadDir(filepath.Join(process.folder, "fd"))
	if err != nil {
		return true
	}
	for _, each := range descriptors {
		target, _ := os.Readlink(filepath.Join(process.folder, "fd", each.Name()))
		if strings.HasSuffix(target, "/ptmx") {
			return true
		}
	}
	return false
}

func (process process) status(field string) string {
	text, _ := os.ReadFile(filepath.Join(process.folder, "status"))
	for _, line := range strings.Split(string(text), "\n") {
		if value, ok := strings.CutPrefix(line, field+":"); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

package main

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

const (
	firstPause = 500 * time.Millisecond
	longPause  = 30 * time.Second
	// A service that ran this long was well, and is started again without a long pause.
	longEnough = time.Minute
)

// All processes of the container: the services, and what their programs leave behind.
type household struct {
	// Held while a process is started, so that its end is not seen before its number is known.
	mutex  sync.Mutex
	ended  map[int]chan syscall.WaitStatus
	roots  map[int]bool
	ending bool
}

func newHousehold() *household {
	house := &household{ended: map[int]chan syscall.WaitStatus{}, roots: map[int]bool{}}
	deaths := make(chan os.Signal, 1)
	signal.Notify(deaths, syscall.SIGCHLD)
	go func() {
		for range deaths {
			house.reap()
		}
	}()
	return house
}

// Takes every process that ended, ours or adopted. Nothing else in this program may wait for one.
func (house *household) reap() {
	house.mutex.Lock()
	defer house.mutex.Unlock()
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, syscall.WNOHANG, nil)
		if err == syscall.EINTR {
			continue
		}
		if err != nil || pid <= 0 {
			return
		}
		if ended, ours := house.ended[pid]; ours {
			delete(house.ended, pid)
			delete(house.roots, pid)
			ended <- status
		}
	}
}

// Runs a service again and again until the seat ends.
func (house *household) keep(service service, environment []string) {
	pause := firstPause
	for !house.isEnding() {
		started := time.Now()
		ended, err := house.start(service.Command, service.User, environment)
		reason := ""
		if err != nil {
			reason = "could not be started: " + err.Error()
		} else {
			reason = describe(<-ended)
		}
		if house.isEnding() {
			return
		}
		if time.Since(started) > longEnough {
			pause = firstPause
		}
		fmt.Fprintf(os.Stderr, "labplan-seat: %s %s; starting it again in %s\n", service.Name, reason, pause)
		time.Sleep(pause)
		pause = min(2*pause, longPause)
	}
}

func (house *household) start(command []string, user string, environment []string) (<-chan syscall.WaitStatus, error) {
	process := exec.Command(command[0], command[1:]...)
	process.Env = environment
	process.Stdout, process.Stderr = os.Stdout, os.Stderr
	process.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	process.Dir = "/"
	if user == userLogin {
		process.SysProcAttr.Credential = &syscall.Credential{Uid: loginUid, Gid: loginUid}
		process.Dir = valueOf(environment, "HOME", "/")
	}
	house.mutex.Lock()
	defer house.mutex.Unlock()
	if err := process.Start(); err != nil {
		return nil, err
	}
	ended := make(chan syscall.WaitStatus, 1)
	house.ended[process.Process.Pid] = ended
	if user == userRoot {
		house.roots[process.Process.Pid] = true
	}
	return ended, nil
}

// Lets everything end by itself, and answers when it has or when the time is over; then the kernel
// ends the rest, since the first process is gone.
func (house *household) end(limit time.Duration) {
	deadline := time.Now().Add(limit)
	house.mutex.Lock()
	house.ending = true
	house.mutex.Unlock()
	house.hangUpLogin()
	house.mutex.Lock()
	for pid := range house.roots {
		syscall.Kill(pid, syscall.SIGTERM)
	}
	house.mutex.Unlock()
	for time.Now().Before(deadline) && othersRun() {
		time.Sleep(20 * time.Millisecond)
	}
}

// Root without CAP_KILL may not signal another user's processes, but that user may.
func (house *household) hangUpLogin() {
	self, err := os.Executable()
	if err != nil {
		return
	}
	ended, err := house.start([]string{self, hangUpCommand}, userLogin, []string{"HOME=/"})
	if err != nil {
		fmt.Fprintln(os.Stderr, "labplan-seat: cannot tell the student's programs to end:", err)
		return
	}
	<-ended
}

func (house *household) isEnding() bool {
	house.mutex.Lock()
	defer house.mutex.Unlock()
	return house.ending
}

func othersRun() bool {
	numbers, _ := filepath.Glob("/proc/[0-9]*")
	return len(numbers) > 1
}

func describe(status syscall.WaitStatus) string {
	if status.Signaled() {
		return "was ended by signal " + status.Signal().String()
	}
	return fmt.Sprintf("ended with status %d", status.ExitStatus())
}

func valueOf(environment []string, name, otherwise string) string {
	for _, each := range environment {
		if len(each) > len(name) && each[:len(name)+1] == name+"=" {
			return each[len(name)+1:]
		}
	}
	return otherwise
}

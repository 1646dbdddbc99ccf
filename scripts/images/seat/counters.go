package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const unknown = -1

// What the seat did so far, in numbers: that something was done, never what. Unknown ones are -1.
type counters struct {
	Task string `json:"task"`
	// Processor time of the whole container.
	CPUMicros int64 `json:"cpuMicros"`
	// Sent and received, but for its own loopback.
	NetworkBytes int64 `json:"networkBytes"`
	// Since a program last read from a terminal what somebody typed.
	InputSecondsAgo int64 `json:"inputSecondsAgo"`
	// The busiest GPU, at the moment; unknown where one of them may be busier than can be told.
	GPUPercent int64  `json:"gpuPercent"`
	Proof      string `json:"proof"`
}

// Only who holds the seat's key may ask, by HMAC-SHA256(key, "counters?" + nonce), and the answer is proved
// like its identity: HMAC-SHA256(key, "counters=" + task.nonce.cpu.network.input.gpu).
func countersHandler(root, task string, key []byte) http.HandlerFunc {
	return func(answer http.ResponseWriter, request *http.Request) {
		query := request.URL.Query()
		nonce := query.Get("nonce")
		if !nonceForm.MatchString(nonce) {
			http.Error(answer, "nonce: 16 to 128 characters of base64url", http.StatusBadRequest)
			return
		}
		if !hmac.Equal([]byte(query.Get("proof")), []byte(sign(key, "counters?"+nonce))) {
			http.Error(answer, "proof: not of this seat's key", http.StatusForbidden)
			return
		}
		counted := count(root)
		counted.Task = task
		counted.Proof = sign(key, fmt.Sprintf("counters=%s.%s.%d.%d.%d.%d", task, nonce,
			counted.CPUMicros, counted.NetworkBytes, counted.InputSecondsAgo, counted.GPUPercent))
		answer.Header().Set("Content-Type", "application/json")
		answer.Header().Set("Cache-Control", "no-store")
		json.NewEncoder(answer).Encode(counted)
	}
}

func sign(key []byte, text string) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// root is the folder all of this is read in: / but for tests.
func count(root string) counters {
	return counters{
		CPUMicros:       cpuMicros(root),
		NetworkBytes:    networkBytes(root),
		InputSecondsAgo: inputSecondsAgo(root, time.Now()),
		GPUPercent:      gpuPercent(root),
	}
}

// Of the container's own control group, in the second or the first version of the kernel's interface.
func cpuMicros(root string) int64 {
	for _, line := range linesOf(filepath.Join(root, "sys/fs/cgroup/cpu.stat")) {
		if value, ok := strings.CutPrefix(line, "usage_usec "); ok {
			return number(value, 1)
		}
	}
	for _, folder := range []string{"cpuacct", "cpu,cpuacct"} {
		file := filepath.Join(root, "sys/fs/cgroup", folder, "cpuacct.usage")
		for _, line := range linesOf(file) {
			return number(line, 1000)
		}
	}
	return unknown
}

// The file proc/net/dev: after each name and its colon, bytes received first and bytes sent ninth.
func networkBytes(root string) int64 {
	lines := linesOf(filepath.Join(root, "proc/net/dev"))
	if len(lines) == 0 {
		return unknown
	}
	sum := int64(0)
	for _, line := range lines {
		name, numbers, found := strings.Cut(line, ":")
		fields := strings.Fields(numbers)
		if !found || strings.TrimSpace(name) == "lo" || len(fields) < 9 {
			continue
		}
		sum += max(0, number(fields[0], 1)) + max(0, number(fields[8], 1))
	}
	return sum
}

// A terminal's time of access is when a program last read from it (the kernel rounds it to eight seconds).
func inputSecondsAgo(root string, now time.Time) int64 {
	terminals, _ := filepath.Glob(filepath.Join(root, "dev/pts/[0-9]*"))
	latest := int64(unknown)
	for _, each := range terminals {
		info, err := os.Stat(each)
		if err != nil {
			continue
		}
		read := time.Unix(info.Sys().(*syscall.Stat_t).Atim.Unix())
		ago := max(0, int64(now.Sub(read).Seconds()))
		if latest == unknown || ago < latest {
			latest = ago
		}
	}
	return latest
}

// Where the driver says so in a file, as amdgpu does. NVIDIA's says it in none, only to who links its library: with
// one of those in the seat nothing is told, whatever another of the machine's says, and who asks takes it for at work.
func gpuPercent(root string) int64 {
	if untold, _ := filepath.Glob(filepath.Join(root, "dev/nvidia[0-9]*")); len(untold) > 0 {
		return unknown
	}
	files, _ := filepath.Glob(filepath.Join(root, "sys/class/drm/card*/device/gpu_busy_percent"))
	busiest := int64(unknown)
	for _, file := range files {
		for _, line := range linesOf(file) {
			busiest = max(busiest, number(line, 1))
		}
	}
	return busiest
}

func linesOf(file string) []string {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil
	}
	return strings.Split(strings.TrimSpace(string(text)), "\n")
}

func number(text string, divisor int64) int64 {
	value, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	if err != nil {
		return unknown
	}
	return value / divisor
}

package main

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestPasswordHashIsTheOneLibcMakes(t *testing.T) {
	// Made by `openssl passwd -6 -salt saltstring`.
	for password, want := range map[string]string{
		"Hello world!":                        "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1",
		"a":                                   "$6$saltstring$MO53nAXQUKXVLlsbiXyPgMsR6q10N7eF7sPvanwdXnEeCj5kE3eYaRvFv0wVW1UZ4SnNTzc1v4OCOq1ASDQZY0",
		strings.Repeat("long and longer ", 5): "$6$saltstring$4HeByTWV5PU0aKYHQhQ0/XEpS0G69RDHemQsnhgTs150PQZ19xCGpdhjofr.s.vUmi3MR6X5uW3jzsNPsY2i.1",
	} {
		if got := sha512Crypt([]byte(password), []byte("saltstring")); got != want {
			t.Errorf("%q: %s, not %s", password, got, want)
		}
	}
}

func TestPasswordHashesHaveEachTheirSalt(t *testing.T) {
	first, _ := hashPassword("same")
	second, _ := hashPassword("same")
	if first == second || len(first) != len("$6$")+saltLength+1+86 {
		t.Errorf("%s and %s", first, second)
	}
}

func TestSecretIsReadOrRefusedInWords(t *testing.T) {
	const key = `"identityKey":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"`
	for text, want := range map[string]string{
		`{"login":"s017","password":"xyzzy",` + key + `}`:        "",
		`{"login":"s017","password":"xyzzy"`:                     "not the JSON object",
		`{"login":"Root!","password":"xyzzy",` + key + `}`:       "not a user name",
		`{"login":"s017",` + key + `}`:                           "no password",
		`{"login":"s017","password":"xyzzy","identityKey":"A"}`:  "not 32 bytes",
		`{"login":"s017","password":"xyzzy","identityKey":"!!"}`: "not 32 bytes",
	} {
		file := filepath.Join(t.TempDir(), "secret")
		os.WriteFile(file, []byte(text), 0o400)
		_, err := readSecret(file)
		if (err == nil) != (want == "") || (err != nil && !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, not %q", text, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "xyzzy") {
			t.Errorf("the password is told: %v", err)
		}
	}
	if _, err := readSecret("/nowhere"); err == nil || !strings.Contains(err.Error(), "docker run") {
		t.Errorf("an image run by hand: %v", err)
	}
}

func TestCountersAreToldToWhoHoldsTheKeyOnly(t *testing.T) {
	key := []byte("0123456789abcdef0123456789abcdef")
	nonce := "abcdefghijklmnop"
	ask := func(query string) *httptest.ResponseRecorder {
		answer := httptest.NewRecorder()
		identityHandler("task-1", key).ServeHTTP(answer, httptest.NewRequest("GET", "/counters?"+query, nil))
		return answer
	}
	if code := ask("nonce=" + nonce).Code; code != http.StatusForbidden {
		t.Errorf("without a proof: %d", code)
	}
	// The identity's proof is anybody's to ask for, and must open nothing.
	if code := ask("nonce=" + nonce + "&proof=" + prove(key, "task-1", nonce).Proof).Code; code != http.StatusForbidden {
		t.Errorf("with a proof of identity: %d", code)
	}
	answer := ask("nonce=" + nonce + "&proof=" + sign(key, "counters?"+nonce))
	var told counters
	if err := json.NewDecoder(answer.Body).Decode(&told); err != nil || answer.Code != http.StatusOK {
		t.Fatalf("%d: %v", answer.Code, err)
	}
	signed := fmt.Sprintf("counters=task-1.%s.%d.%d.%d.%d", nonce, told.CPUMicros, told.NetworkBytes, told.InputSecondsAgo, told.GPUPercent)
	if told.Task != "task-1" || told.Proof != sign(key, signed) {
		t.Errorf("%+v", told)
	}
}

func TestCountersAreReadWhereTheKernelKeepsThem(t *testing.T) {
	root := t.TempDir()
	write := func(file, text string) {
		os.MkdirAll(filepath.Dir(filepath.Join(root, file)), 0o755)
		os.WriteFile(filepath.Join(root, file), []byte(text), 0o644)
	}
	if got := count(root); got.CPUMicros != -1 || got.NetworkBytes != -1 || got.InputSecondsAgo != -1 || got.GPUPercent != -1 {
		t.Errorf("what is not there is unknown: %+v", got)
	}
	write("sys/fs/cgroup/cpu,cpuacct/cpuacct.usage", "7000000\n")
	if got := count(root).CPUMicros; got != 7000 {
		t.Errorf("first version, nanoseconds: %d", got)
	}
	write("sys/fs/cgroup/cpu.stat", "usage_usec 123456\nuser_usec 100000\n")
	write("sys/class/drm/card0/device/gpu_busy_percent", "3\n")
	write("sys/class/drm/card1/device/gpu_busy_percent", "41\n")
	write("proc/net/dev", `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo: 9999999    100    0    0    0     0          0         0  9999999    100    0    0    0     0       0          0
  eth0:    1000     10    0    0    0     0          0         0      500      5    0    0    0     0       0          0
`)
	write("dev/pts/0", "")
	write("dev/pts/1", "")
	write("dev/pts/ptmx", "")
	now := time.Now()
	os.Chtimes(filepath.Join(root, "dev/pts/0"), now.Add(-time.Hour), now)
	os.Chtimes(filepath.Join(root, "dev/pts/1"), now.Add(-90*time.Second), now)
	got := count(root)
	if got.CPUMicros != 123456 || got.NetworkBytes != 1500 || got.GPUPercent != 41 {
		t.Errorf("%+v", got)
	}
	write("dev/nvidiactl", "")
	if got := count(root).GPUPercent; got != 41 {
		t.Errorf("a driver without a card in the seat: %d", got)
	}
	write("dev/nvidia0", "")
	if got := count(root).GPUPercent; got != -1 {
		t.Errorf("the load of NVIDIA's card is in no file, and another card's is not its: %d", got)
	}
	if got.InputSecondsAgo < 89 || got.InputSecondsAgo > 95 {
		t.Errorf("typed %d s ago", got.InputSecondsAgo)
	}
}

func TestIdentityIsProvedForANonceOnly(t *testing.T) {
	server := httptest.NewServer(identityHandler("task1", make([]byte, 32)))
	defer server.Close()
	answer, err := http.Get(server.URL + "/identity?nonce=0123456789abcdef")
	if err != nil {
		t.Fatal(err)
	}
	var got identity
	json.NewDecoder(answer.Body).Decode(&got)
	// printf task1.0123456789abcdef | openssl dgst -sha256 -mac HMAC -macopt hexkey:00…00 (32 bytes)
	if want := (identity{"task1", "CXi5eLynxN3miJ6dPHofSrFdR0Cxngv848SRYmmX3XY"}); got != want {
		t.Errorf("%v, not %v", got, want)
	}
	for _, query := range []string{"", "?nonce=short", "?nonce=0123456789abcde%0a"} {
		if answer, _ := http.Get(server.URL + "/identity" + query); answer.StatusCode != 400 {
			t.Errorf("%q: %d", query, answer.StatusCode)
		}
	}
}

func TestLoginIsMadeOnceAndFoundAgain(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("giving files away needs root")
	}
	root := imageRoot(t)
	for range 2 {
		user, err := makeLogin(root, "s017", "xyzzy")
		if err != nil {
			t.Fatal(err)
		}
		if user.home != "/home/s017" || user.shell != "/bin/bash" {
			t.Errorf("%+v", user)
		}
	}
	passwd := read(t, root, "etc/passwd")
	if passwd != "s017:x:1000:1000::/home/s017:/bin/bash\nroot:x:0:0:root:/root:/bin/bash\njovyan:x:1000:1000::/home/jovyan:/bin/sh\n" {
		t.Errorf("passwd: %s", passwd)
	}
	if shadow := read(t, root, "etc/shadow"); !strings.HasPrefix(shadow, "s017:$6$") || strings.Count(shadow, "\n") != 2 {
		t.Errorf("shadow: %s", shadow)
	}
	for path, mode := range map[string]fs.FileMode{
		"home/s017": 0o700 | fs.ModeDir, "home/s017/.profile": 0o644, "home/s017/.config": 0o755 | fs.ModeDir, "home/s017/.config/a": 0o600,
	} {
		info, err := os.Stat(filepath.Join(root, path))
		if err != nil || info.Mode() != mode || ownerOf(filepath.Join(root, path)) != loginUid {
			t.Errorf("%s: %v %v", path, info, err)
		}
	}
}

func TestAStudentsFilesAreLeftAlone(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("giving files away needs root")
	}
	root := imageRoot(t)
	makeLogin(root, "s017", "xyzzy")
	os.Remove(filepath.Join(root, "home/s017/.profile"))
	if _, err := makeLogin(root, "s017", "other"); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(root, "home/s017/.profile")); err == nil {
		t.Error("a file the student removed came back")
	}
}

func TestAScratchHomeSaysSo(t *testing.T) {
	home := t.TempDir()
	note := filepath.Join(home, scratchNote)
	if err := noteScratch(home, false); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(note); err == nil {
		t.Error("a real home says that it is a scratch home")
	}
	if err := noteScratch(home, true); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(note); err != nil || string(text) != scratchText {
		t.Errorf("the note is %q, %v", text, err)
	}
}

func TestALoginMayNotTakeTheImagesOwnUsers(t *testing.T) {
	if _, err := makeLogin(imageRoot(t), "root", "xyzzy"); err == nil || !strings.Contains(err.Error(), "user of the image") {
		t.Errorf("%v", err)
	}
}

func TestServicesComeFromTheImageAndItsCommand(t *testing.T) {
	file := filepath.Join(t.TempDir(), "services.json")
	os.WriteFile(file, []byte(`[{"name":"ssh","user":"root","command":["sshd","-D"]},{"name":"web","command":["web"]}]`), 0o644)
	services, err := readServices(file, []string{"jupyter", "lab"})
	if err != nil || len(services) != 3 || services[0].User != userRoot || services[1].User != userLogin || services[2].Command[1] != "lab" {
		t.Errorf("%+v %v", services, err)
	}
	if _, err := readServices("/nowhere", nil); err == nil || !strings.Contains(err.Error(), "nothing to start") {
		t.Error(err)
	}
	for _, text := range []string{`{`, `[{"name":"x"}]`, `[{"name":"x","command":["x"],"user":"www"}]`} {
		os.WriteFile(file, []byte(text), 0o644)
		if _, err := readServices(file, nil); err == nil {
			t.Errorf("%s was taken", text)
		}
	}
}

func imageRoot(t *testing.T) string {
	root := t.TempDir()
	for path, text := range map[string]string{
		"etc/passwd":         "root:x:0:0:root:/root:/bin/bash\njovyan:x:1000:1000::/home/jovyan:/bin/sh\n",
		"etc/group":          "root:x:0:\n",
		"etc/shadow":         "root:*:19000:0:99999:7:::\n",
		"etc/skel/.profile":  "# first\n",
		"etc/skel/.config/a": "a",
		"bin/bash":           "",
		"home/.keep":         "",
	} {
		os.MkdirAll(filepath.Dir(filepath.Join(root, path)), 0o755)
		mode := fs.FileMode(0o644)
		if strings.HasSuffix(path, "/a") {
			mode = 0o600
		}
		os.WriteFile(filepath.Join(root, path), []byte(text), mode)
	}
	return root
}

func read(t *testing.T, parts ...string) string {
	text, err := os.ReadFile(filepath.Join(parts...))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

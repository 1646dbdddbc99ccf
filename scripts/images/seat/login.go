package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

const (
	// One number in every environment, so that a seat's volume belongs to its student in all of them.
	loginUid = 1000
	// Where a seat's volume is mounted.
	homes = "home"
)

type login struct {
	name  string
	home  string
	shell string
	// The folder all of this happens in: / but for tests.
	root string
}

// Makes the login user, or finds it as an earlier start of this container made it.
func makeLogin(root, name, password string) (login, error) {
	user := login{name: name, home: "/" + homes + "/" + name, shell: "/bin/sh", root: root}
	if _, err := os.Stat(filepath.Join(root, "bin/bash")); err == nil {
		user.shell = "/bin/bash"
	}
	hash, err := hashPassword(password)
	if err != nil {
		return user, err
	}
	id := strconv.Itoa(loginUid)
	lines := []struct{ file, line string }{
		{"etc/passwd", strings.Join([]string{name, "x", id, id, "", user.home, user.shell}, ":")},
		{"etc/group", strings.Join([]string{name, "x", id, ""}, ":")},
		{"etc/shadow", strings.Join([]string{name, hash, "19000", "0", "99999", "7", "", "", ""}, ":")},
	}
	for _, each := range lines {
		if err := putUserLine(filepath.Join(root, each.file), name, each.line); err != nil {
			return user, fmt.Errorf("cannot make the login user: %w", err)
		}
	}
	return user, user.makeHome()
}

// Puts the user's line into a file such as /etc/passwd: first, since the first of a number names it
// (images bring users of their own), and instead of the line an earlier start left.
func putUserLine(file, name, line string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	lines := []string{line}
	for _, old := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n") {
		owner, rest, _ := strings.Cut(old, ":")
		if owner != name {
			lines = append(lines, old)
			continue
		}
		if number := strings.Split(rest, ":"); filepath.Base(file) == "passwd" && number[1] != strconv.Itoa(loginUid) {
			return fmt.Errorf("%q is a user of the image itself", name)
		}
	}
	// Written in place: a new file would lose its group, by which only some may read /etc/shadow.
	return os.WriteFile(file, []byte(strings.Join(lines, "\n")+"\n"), 0o600)
}

// Makes the home folder with the files a new user gets, once. Root has few rights here: files are
// written while they are still root's, and given away at the end, the folder last, so that a start
// that was cut off is begun again.
func (user login) makeHome() error {
	home := filepath.Join(user.root, user.home)
	if err := os.Mkdir(home, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("cannot make the home folder on the seat's volume: %w", err)
	}
	if ownerOf(home) == loginUid {
		return nil
	}
	skeleton := os.DirFS(filepath.Join(user.root, "etc/skel"))
	err := fs.WalkDir(skeleton, ".", func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return fs.SkipDir // An image without a skeleton.
		}
		if err != nil || path == "." {
			return err
		}
		return copyToHome(skeleton, path, entry, filepath.Join(home, path))
	})
	if err != nil {
		return fmt.Errorf("cannot copy the first files into the home folder: %w", err)
	}
	if err := noteScratch(home, os.Getenv("LABPLAN_SCRATCH") != ""); err != nil {
		return fmt.Errorf("cannot say in the home folder that it is a scratch home: %w", err)
	}
	if err := giveAway(home); err != nil {
		return fmt.Errorf("cannot give the home folder to its user: %w", err)
	}
	return nil
}

func copyToHome(skeleton fs.FS, path string, entry fs.DirEntry, target string) error {
	if _, err := os.Lstat(target); err == nil {
		return nil
	}
	info, err := entry.Info()
	if err != nil {
		return err
	}
	if entry.IsDir() {
		return os.Mkdir(target, info.Mode().Perm())
	}
	content, err := fs.ReadFile(skeleton, path)
	if err != nil {
		return err
	}
	return os.WriteFile(target, content, info.Mode().Perm())
}

func giveAway(home string) error {
	paths := []string{}
	err := filepath.WalkDir(home, func(path string, _ fs.DirEntry, err error) error {
		paths = append(paths, path)
		return err
	})
	if err != nil {
		return err
	}
	for index := len(paths) - 1; index >= 0; index-- {
		if err := os.Lchown(paths[index], loginUid, loginUid); err != nil {
			return err
		}
	}
	return nil
}

// What a service finds in its environment: all that the container has, and who the seat is for.
// MYDOCKER_ names are those that images made for Labplan's predecessor read.
func (user login) environment(secret secret, serviceUser string) []string {
	added := map[string]string{
		"LABPLAN_LOGIN":     secret.Login,
		"MYDOCKER_USERNAME": secret.Login,
		"MYDOCKER_PASSWORD": secret.Password,
	}
	if serviceUser == userLogin {
		added["HOME"], added["USER"], added["LOGNAME"], added["SHELL"] = user.home, user.name, user.name, user.shell
	}
	environment := []string{}
	for _, each := range os.Environ() {
		name, _, _ := strings.Cut(each, "=")
		if _, ours := added[name]; !ours {
			environment = append(environment, each)
		}
	}
	for name, value := range added {
		environment = append(environment, name+"="+value)
	}
	return environment
}

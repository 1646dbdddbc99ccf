package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

const (
	userLogin = "login"
	userRoot  = "root"
)

// One program of an environment. It stays in the foreground; when it ends it is started again.
type service struct {
	Name    string   `json:"name"`
	Command []string `json:"command"`
	// Whose rights it has: "login" (as if left out) or "root", of which the container has few anyway.
	User string `json:"user"`
}

// The services an image declares, and the container's command, if it has one, as one more.
func readServices(file string, command []string) ([]service, error) {
	services := []service{}
	text, err := os.ReadFile(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, fmt.Errorf("cannot read the image's services: %w", err)
	default:
		if err := json.Unmarshal(text, &services); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
	}
	if len(command) > 0 {
		services = append(services, service{Name: command[0], Command: command})
	}
	if len(services) == 0 {
		return nil, fmt.Errorf("nothing to start: the image has no %s, and no command was given", file)
	}
	for index, each := range services {
		if len(each.Command) == 0 {
			return nil, fmt.Errorf("%s: service %q has no command", file, each.Name)
		}
		switch each.User {
		case "":
			services[index].User = userLogin
		case userLogin, userRoot:
		default:
			return nil, fmt.Errorf("%s: service %q: user is %q or %q, not %q", file, each.Name, userLogin, userRoot, each.User)
		}
	}
	return services, nil
}

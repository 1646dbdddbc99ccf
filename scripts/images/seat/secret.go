package main

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
)

// What a seat is given by its Swarm secret.
type secret struct {
	Login       string `json:"login"`
	Password    string `json:"password"`
	IdentityKey string `json:"identityKey"`
	identityKey []byte
}

var loginName = regexp.MustCompile(`^[a-z_][a-z0-9_-]{0,31}$`)

func readSecret(file string) (secret, error) {
	var read secret
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return read, fmt.Errorf(`this image is an environment of Labplan, which gives each seat its login and password in %s; that file is not here.
To try the image by hand, write a file seat.json such as
  {"login":"student1","password":"choose one","identityKey":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}
and run: docker run --rm -P -v "$PWD/seat.json:%s:ro" IMAGE`, file, file)
	}
	if err != nil {
		return read, fmt.Errorf("cannot read the seat's secret: %w", err)
	}
	// The parser's own words could quote the password: keep them to ourselves.
	if json.Unmarshal(text, &read) != nil {
		return read, fmt.Errorf("the seat's secret %s is not the JSON object it should be", file)
	}
	if !loginName.MatchString(read.Login) {
		return read, fmt.Errorf("the login %q of the seat's secret is not a user name (a-z, 0-9, _ and -, at most 32, a letter first)", read.Login)
	}
	if read.Password == "" {
		return read, errors.New("the seat's secret has no password")
	}
	read.identityKey, err = base64.RawURLEncoding.DecodeString(read.IdentityKey)
	if err != nil || len(read.identityKey) != 32 {
		return read, errors.New("the identity key of the seat's secret is not 32 bytes in base64url")
	}
	return read, nil
}

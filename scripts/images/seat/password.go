package main

import (
	"crypto/rand"
	"crypto/sha512"
	"fmt"
)

const (
	saltAlphabet = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	saltLength   = 16
	// The default of the format, and no more: a seat's password is random, and 100 seats start at once.
	rounds = 5000
)

// The line of /etc/shadow for a password, in the form every libc reads ("$6$").
func hashPassword(password string) (string, error) {
	salt := make([]byte, saltLength)
	if _, err := rand.Read(salt); err != nil {
		return "", fmt.Errorf("cannot make a salt: %w", err)
	}
	for index := range salt {
		salt[index] = saltAlphabet[salt[index]%64]
	}
	return sha512Crypt([]byte(password), salt), nil
}

// SHA-512 crypt as Ulrich Drepper specified it (https://www.akkadia.org/drepper/SHA-crypt.txt); the
// numbers in the comments are its steps.
func sha512Crypt(password, salt []byte) string {
	// 4–8: password, salt, password.
	inner := sha512.New()
	inner.Write(password)
	inner.Write(salt)
	inner.Write(password)
	alternate := inner.Sum(nil)

	// 1–3, 9–12.
	outer := sha512.New()
	outer.Write(password)
	outer.Write(salt)
	outer.Write(repeat(alternate, len(password)))
	for bits := len(password); bits > 0; bits >>= 1 {
		if bits&1 != 0 {
			outer.Write(alternate)
		} else {
			outer.Write(password)
		}
	}
	digest := outer.Sum(nil)

	// 13–16: the password as often as it is long.
	forPassword := sha512.New()
	for range password {
		forPassword.Write(password)
	}
	p := repeat(forPassword.Sum(nil), len(password))

	// 17–20: the salt 16 and some times.
	forSalt := sha512.New()
	for range 16 + int(digest[0]) {
		forSalt.Write(salt)
	}
	s := repeat(forSalt.Sum(nil), len(salt))

	// 21: the rounds.
	for round := range rounds {
		step := sha512.New()
		if round%2 != 0 {
			step.Write(p)
		} else {
			step.Write(digest)
		}
		if round%3 != 0 {
			step.Write(s)
		}
		if round%7 != 0 {
			step.Write(p)
		}
		if round%2 != 0 {
			step.Write(digest)
		} else {
			step.Write(p)
		}
		digest = step.Sum(nil)
	}
	return "$6$" + string(salt) + "$" + encode(digest)
}

// 22: three bytes to four characters, the bytes a third of the digest apart and turning.
func encode(digest []byte) string {
	text := []byte{}
	put := func(high, middle, low byte, characters int) {
		value := uint(high)<<16 | uint(middle)<<8 | uint(low)
		for range characters {
			text = append(text, saltAlphabet[value&63])
			value >>= 6
		}
	}
	first, second, third := 0, 21, 42
	for range 21 {
		put(digest[first], digest[second], digest[third], 4)
		first, second, third = second+1, third+1, first+1
	}
	put(0, 0, digest[63], 2)
	return string(text)
}

func repeat(pattern []byte, length int) []byte {
	repeated := make([]byte, 0, length+len(pattern))
	for len(repeated) < length {
		repeated = append(repeated, pattern...)
	}
	return repeated[:length]
}

//go:build tools

// Package tools names what is built from this module, so that `go mod tidy` keeps its sums.
package tools

import _ "code.gitea.io/gitea"

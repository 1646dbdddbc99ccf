package main

import (
	"context"
	"encoding/json"
	"log"
	"net/http"
	"net/url"
	"time"

	"github.com/coder/websocket"
)

const (
	// Shorter than the idle limits of usual proxies.
	pulse = 20 * time.Second
	// A page that takes nothing for so long is gone, and must not hold up what the student runs.
	patience = 10 * time.Second
)

// The websocket at /terminal?shell=ID. Binary messages are what is typed (in) and printed (out). Text
// messages are JSON: in {"size":[columns,rows]} and {"shown":bytes since the socket opened}, out
// {"shell":id} first, {"live":true} after what was printed before the page came (questions in there
// have been answered), and {"ended":status} last.
type terminals struct {
	shells *shells
}

type fromPage struct {
	Size  *[2]uint16 `json:"size"`
	Shown *int       `json:"shown"`
}

func (terminals *terminals) ServeHTTP(answer http.ResponseWriter, request *http.Request) {
	if !isOwnPage(request) {
		http.Error(answer, "not from this page", http.StatusForbidden)
		return
	}
	// The origin was checked just now, with the gateway in mind.
	socket, err := websocket.Accept(answer, request, &websocket.AcceptOptions{InsecureSkipVerify: true})
	if err != nil {
		return
	}
	defer socket.CloseNow()
	socket.SetReadLimit(1 << 20)
	shell, page, isOld, err := terminals.shells.find(request.URL.Query().Get("shell"))
	if err != nil {
		log.Print(err)
		socket.Close(websocket.StatusTryAgainLater, err.Error())
		return
	}
	defer shell.leave(page)
	ctx, cancel := context.WithCancel(request.Context())
	defer cancel()
	go func() {
		defer cancel()
		listen(ctx, socket, shell, page, isOld)
		shell.leave(page)
	}()
	go keepAlive(ctx, cancel, socket)
	show(ctx, socket, shell, page)
}

// Another site's page must not open a student's shell with the student's cookie. Behind a gateway the
// host the browser knows may be in X-Forwarded-Host.
func isOwnPage(request *http.Request) bool {
	text := request.Header.Get("Origin")
	if text == "" {
		return true // A program; browsers always say it.
	}
	origin, err := url.Parse(text)
	if err != nil || origin.Host == "" {
		return false
	}
	return origin.Host == request.Host || origin.Host == request.Header.Get("X-Forwarded-Host")
}

func show(ctx context.Context, socket *websocket.Conn, shell *shell, page *watcher) {
	if !send(ctx, socket, map[string]any{"shell": shell.id}) {
		return
	}
	isLive := false
	for {
		if !isLive && page.sent >= page.past {
			isLive = send(ctx, socket, map[string]any{"live": true})
		}
		output, more := shell.next(page)
		if !more {
			break
		}
		limited, cancel := context.WithTimeout(ctx, patience)
		err := socket.Write(limited, websocket.MessageBinary, output)
		cancel()
		if err != nil {
			return
		}
	}
	if shell.hasEnded() {
		send(ctx, socket, map[string]any{"ended": shell.status})
		socket.Close(websocket.StatusNormalClosure, "")
	}
}

func listen(ctx context.Context, socket *websocket.Conn, shell *shell, page *watcher, isOld bool) {
	redraw := isOld
	for {
		kind, message, err := socket.Read(ctx)
		if err != nil {
			return
		}
		if kind == websocket.MessageBinary {
			shell.console.Write(message)
			continue
		}
		var said fromPage
		if json.Unmarshal(message, &said) != nil {
			return
		}
		if said.Size != nil {
			shell.resize(said.Size[0], said.Size[1], redraw)
			redraw = false
		}
		if said.Shown != nil {
			shell.shown(page, *said.Shown)
		}
	}
}

func keepAlive(ctx context.Context, cancel context.CancelFunc, socket *websocket.Conn) {
	defer cancel()
	ticker := time.NewTicker(pulse)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		limited, done := context.WithTimeout(ctx, patience)
		err := socket.Ping(limited)
		done()
		if err != nil {
			socket.CloseNow()
			return
		}
	}
}

func send(ctx context.Context, socket *websocket.Conn, message any) bool {
	text, _ := json.Marshal(message)
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return socket.Write(limited, websocket.MessageText, text) == nil
}

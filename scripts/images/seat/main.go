// Command labplan-seat is the first process of every environment: it makes the seat's login user from
// the seat's secret, starts what the environment is made of, keeps that running, and proves to the
// gateway which seat it is.
//
//	ENTRYPOINT ["/sbin/labplan-seat"]   # services from /etc/labplan/services.json, and CMD if there is one
package main

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"
)

const (
	secretFile   = "/run/secrets/labplan"
	servicesFile = "/etc/labplan/services.json"
	identityPort = 1907

	// Docker waits 10 s before it kills; what has not ended by then loses its last words.
	stopLimit = 8 * time.Second

	// As sysexits.h: a configuration that a person has to put right.
	exitConfig = 78
	// Words of the one subcommand, by which a seat signals processes of its login user.
	hangUpCommand = "hang-up"
)

func main() {
	// A seat may have 256 threads and processes in all: take few of them on a node with many cores.
	runtime.GOMAXPROCS(2)
	if len(os.Args) == 2 && os.Args[1] == hangUpCommand {
		hangUp()
		return
	}
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "labplan-seat:", err)
		os.Exit(exitConfig)
	}
}

func run(command []string) error {
	secret, err := readSecret(secretFile)
	if err != nil {
		return err
	}
	if os.Getpid() != 1 {
		return errors.New("must be the first process of its container, since it adopts what students' programs leave behind: use it as ENTRYPOINT, and do not give --init")
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)

	if err := serveIdentity(identityPort, os.Getenv("LABPLAN_TASK"), secret.identityKey); err != nil {
		return err
	}
	user, err := makeLogin("/", secret.Login, secret.Password)
	if err != nil {
		return err
	}
	services, err := readServices(servicesFile, command)
	if err != nil {
		return err
	}
	household := newHousehold()
	for _, service := range services {
		go household.keep(service, user.environment(secret, service.User))
	}
	<-stop
	household.end(stopLimit)
	return nil
}

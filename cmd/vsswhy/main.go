// Command vsswhy tells why a Hyper-V backup or restore failed, from the event
// logs that a customer sends.
//
//	paths ─► ingest ─► scene ─► rules ─► report ─► text, JSON
//	         batches   hosts,   findings,
//	         of events failures verdicts
package main

import "os"

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

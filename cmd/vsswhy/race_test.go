//go:build race

package main

// raceDetector tells tests of one goroutine to do less: it makes regular
// expressions and the garbage collector some twenty times slower.
const raceDetector = true

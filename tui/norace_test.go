//go:build !race

package tui

const race = false

//go:build race

package answer

const race = true

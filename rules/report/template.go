package report

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"strings"
	"sync"
)

// The files that HTML pages are made of. Style sheet and script have neither "<"
// nor "&", so that a page that holds them is XML, too.
//
//go:embed head.html parts.html page.html summary.html style.css script.js
var htmlFiles embed.FS

// htmlTemplate is the template of a page in a file of this package. The page begins
// its document with {{template "head" "its title"}}, which has the style sheet and
// a policy that lets a browser load nothing and run nothing but our own script,
// which {{template "script"}} puts at the end of its body. What pages are made of is
// in parts.html: lists, tables, pictures. It is parsed when it is first used.
func htmlTemplate(file string) func() *template.Template {
	return sync.OnceValue(func() *template.Template {
		return template.Must(template.New(file).Funcs(template.FuncMap{
			"policy": func() string { return policy },
			"style":  func() template.CSS { return template.CSS(styleSheet) },
			"script": func() template.JS { return template.JS(script) },
		}).ParseFS(htmlFiles, "head.html", "parts.html", file))
	})
}

var (
	styleSheet = htmlFile("style.css")
	script     = htmlFile("script.js")

	// policy allows what has these hashes, and so is made of the very text.
	policy = fmt.Sprintf("default-src 'none'; style-src %s; script-src %s; base-uri 'none'; form-action 'none'", hash(styleSheet), hash(script))
)

func htmlFile(name string) string {
	text, err := htmlFiles.ReadFile(name)
	if err != nil {
		panic(err) // it is embedded
	}
	return strings.ReplaceAll(string(text), "\r\n", "\n") // a browser hashes it so, however it was checked out
}

// hash names a text in a Content-Security-Policy.
func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

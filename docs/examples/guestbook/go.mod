module github.com/go-fluence/fluence/docs/examples/guestbook

go 1.24

require github.com/go-fluence/fluence/peer/marine/guest v0.0.0

replace github.com/go-fluence/fluence/peer/marine/guest => ../../../peer/marine/guest

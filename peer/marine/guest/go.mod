module github.com/go-fluence/fluence/peer/marine/guest

go 1.24

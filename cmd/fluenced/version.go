// SPDX-License-Identifier: Apache-2.0

package main

import (
	"runtime"
	"runtime/debug"

	"github.com/cosmos/cosmos-sdk/version"
)

// about is what the version command prints.
type about struct {
	Version  string `json:"version"`
	Revision string `json:"revision"` // git commit, "+dirty" when files differed
	Go       string `json:"go"`
	Platform string `json:"platform"` // os/arch
	Cgo      bool   `json:"cgo"`
}

func buildVersion() about {
	a := about{Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return a
	}
	if a.Version = version.Version; a.Version == "" { // a build without the makefile
		a.Version = info.Main.Version
	}
	dirty := false
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			a.Revision = s.Value
		case "vcs.modified":
			dirty = s.Value == "true"
		case "CGO_ENABLED":
			a.Cgo = s.Value == "1"
		}
	}
	if dirty {
		a.Revision += "+dirty"
	}
	return a
}

// SPDX-License-Identifier: Apache-2.0

// Package deploy holds the files with which a validator is run on a machine of its
// own: a systemd unit, and a Dockerfile that builds the program from source.
package deploy

import _ "embed"

// Unit is a systemd unit of a validator with its peer. It expects the program in
// /usr/local/bin, the home in /var/lib/fluenced, and a user named fluence.
//
//go:embed fluenced.service
var Unit []byte

// Dockerfile builds an image of the program from a checkout of its source.
//
//go:embed Dockerfile
var Dockerfile []byte

// Dashboard is a Grafana dashboard over the metrics of validators and peers, for a Prometheus data source.
//
//go:embed grafana.json
var Dashboard []byte

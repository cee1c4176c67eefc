// SPDX-License-Identifier: Apache-2.0

// Package store keeps everything a peer has on disk: its keys, its small files,
// and the data of the particles that are alive.
//
// A Store owns one folder and refuses a second process in it. Below it:
//
//   - Files are small named blobs with a quota. A write replaces the whole file
//     or changes nothing, also when the power fails in between.
//   - Keys are Ed25519 seeds, one file each, mode 0600, sealed with a passphrase
//     when one is given. A sealed file is an age file (https://age-encryption.org/v1)
//     and opens with the age tool.
//   - Journal is an append-only log of values that expire. Many writers share
//     one sync to disk, so that a value is durable before its writer goes on.
//
// No path leaves the folder: names are checked and every file is opened below
// one os.Root. The package never interprets what it keeps.
package store

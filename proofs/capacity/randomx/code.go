// SPDX-License-Identifier: Apache-2.0

package randomx

// codePages is the size of a program's code memory: 256 instructions of at most
// 40 bytes, and a return, in whole pages.
const codePages = 16 << 10

// execOnce runs the program's instructions once, compiled if there is code.
func (vm *VM) execOnce() {
	if vm.code == nil {
		vm.exec()
		return
	}
	vm.mode = uint32(vm.fprc)
	vm.code.exec(&vm.state, vm.pad)
	vm.fprc = uint8(vm.mode)
}

// load prepares the program for execOnce. When its code memory fails, the
// portable engine takes over for good.
func (vm *VM) load() {
	if vm.code == nil {
		return
	}
	vm.a, vm.or = vm.prog.a, vm.prog.eMask
	if err := vm.code.compile(&vm.prog); err != nil {
		vm.code.free()
		vm.code = nil
	}
}

// SPDX-License-Identifier: Apache-2.0
// Uses a local network as an Ethereum developer would, with unmodified ethers v6:
// a transfer, an OpenZeppelin ERC-20 compiled with solc, events, and the chain's
// epochs read from Solidity. Prints what it saw as one JSON object.
//
//	node chain.mjs DEVNET.json
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Contract, ContractFactory, JsonRpcProvider, Wallet, parseEther } from "ethers";

const here = dirname(fileURLToPath(import.meta.url));
const net = JSON.parse(readFileSync(process.argv[2], "utf8"));
const contracts = JSON.parse(execFileSync("node", [join(here, "compile.mjs")], { maxBuffer: 1 << 26 }));

const provider = new JsonRpcProvider(net.validators[0].jsonrpc, undefined, { pollingInterval: 200 });
const [from, to] = net.accounts;
const wallet = new Wallet(from.private_key_hex, provider);
const seen = { chainId: Number((await provider.getNetwork()).chainId) };

const before = await provider.getBalance(to.hex);
const sent = await (await wallet.sendTransaction({ to: to.hex, value: parseEther("1.5") })).wait();
seen.transfer = { status: sent.status, gasUsed: Number(sent.gasUsed), got: String((await provider.getBalance(to.hex)) - before) };

const token = await new ContractFactory(contracts.Token.abi, contracts.Token.bytecode, wallet).deploy(1000n);
await token.waitForDeployment();
const moved = await (await token.transfer(to.hex, 400n)).wait();
const found = await provider.getLogs({ address: await token.getAddress(), fromBlock: moved.blockNumber, toBlock: moved.blockNumber });
seen.token = { mine: String(await token.balanceOf(from.hex)), theirs: String(await token.balanceOf(to.hex)), logs: found.length };
try {
  await token.transfer.estimateGas(to.hex, 10_000n);
  seen.token.overdraft = "accepted";
} catch (e) {
  seen.token.overdraft = e.code;
}

const reader = await new ContractFactory(contracts.EpochReader.abi, contracts.EpochReader.bytecode, wallet).deploy();
await reader.waitForDeployment();
const observed = await (await reader.remember(false)).wait();
const epoch = "0x0000000000000000000000000000000000000F00";
const logs = await provider.getLogs({ address: epoch, fromBlock: observed.blockNumber, toBlock: observed.blockNumber });
const direct = new Contract(epoch, ["function current() view returns (uint64 number, uint64 start, uint64 end, uint64 blocks)"], provider);
const current = await direct.current();
seen.epoch = { number: Number(await reader.number()), direct: Number(current.number), length: Number(current.end - current.start), logs: logs.length };
console.log(JSON.stringify(seen));
process.exit(0);

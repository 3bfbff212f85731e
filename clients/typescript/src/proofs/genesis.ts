/** Whom to believe from the start: a genesis file names the validators of the first epoch. */
import { compare, domainHash, unhex } from "../bytes.js";
import { Committee } from "./header.js";
import type { Trust } from "./proof.js";

/** The trust that a genesis file gives, its bytes as they were written: their hash is the ledger's name. */
export function trustOfGenesis(file: Uint8Array): Trust {
  const { validators } = JSON.parse(new TextDecoder().decode(file)) as { validators: { key: string }[] };
  const keys = validators.map((validator) => unhex(validator.key)).sort(compare);
  return { chainId: domainHash("stint.v1.genesis", file), epoch: 0n, committee: new Committee(keys) };
}

/**
 * Bytes from the network that break their specification. The packet is to be counted and dropped: nothing of it was
 * used, and nothing in it was guessed.
 */
export class MalformedPacket extends Error {
  /** What was being read: `DHCP message`, `DHCP option 82`, `TFTP RRQ`. */
  readonly reading: string;
  /** Where the fault is, in bytes from the start of what the codec was given. */
  readonly offset: number;

  constructor(reading: string, offset: number, problem: string) {
    super(`${reading}: ${problem} (at byte ${offset})`);
    this.name = 'MalformedPacket';
    this.reading = reading;
    this.offset = offset;
  }
}

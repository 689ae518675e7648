import type { Ipv4 } from '../../domain/ipv4.ts';
import type { MacAddress } from '../../domain/mac.ts';
import type { SwitchPort } from '../../domain/node.ts';
import type { ReservationSettings } from '../../domain/settings.ts';

/** The reservations of the configuration by whatever may name their owner. */
export class ReservationIndex {
  readonly #byMac = new Map<MacAddress, ReservationSettings>();
  readonly #byClientId = new Map<string, ReservationSettings>();
  readonly #byUuid = new Map<string, ReservationSettings>();
  readonly #bySwitchPort = new Map<string, ReservationSettings>();
  readonly #byAddress = new Map<Ipv4, ReservationSettings>();
  readonly #byName = new Map<string, ReservationSettings>();

  constructor(reservations: readonly ReservationSettings[]) {
    for (const reservation of reservations) {
      const { mac, clientId, uuid, switchPort } = reservation.match;
      if (mac !== undefined) this.#byMac.set(mac, reservation);
      if (clientId !== undefined) this.#byClientId.set(clientId, reservation);
      if (uuid !== undefined) this.#byUuid.set(uuid, reservation);
      if (switchPort !== undefined) {
        this.#bySwitchPort.set(portKey(switchPort.circuitId, switchPort.remoteId), reservation);
      }
      this.#byAddress.set(reservation.address, reservation);
      this.#byName.set(reservation.name, reservation);
    }
  }

  byMac(mac: MacAddress): ReservationSettings | undefined {
    return this.#byMac.get(mac);
  }

  byClientId(clientIdHex: string): ReservationSettings | undefined {
    return this.#byClientId.get(clientIdHex);
  }

  byUuid(uuid: string): ReservationSettings | undefined {
    return this.#byUuid.get(uuid);
  }

  /** The most exact one: circuit and remote id, then the circuit alone, then the remote id alone. */
  bySwitchPort({ circuitId, remoteId }: SwitchPort): ReservationSettings | undefined {
    if (this.#bySwitchPort.size === 0) return undefined;
    return (
      this.#bySwitchPort.get(portKey(circuitId, remoteId)) ??
      this.#bySwitchPort.get(portKey(circuitId, undefined)) ??
      this.#bySwitchPort.get(portKey(undefined, remoteId))
    );
  }

  byAddress(address: Ipv4): ReservationSettings | undefined {
    return this.#byAddress.get(address);
  }

  byName(name: string): ReservationSettings | undefined {
    return this.#byName.get(name);
  }
}

function portKey(circuitId: string | undefined, remoteId: string | undefined): string {
  return `${circuitId ?? ''}/${remoteId ?? ''}`;
}

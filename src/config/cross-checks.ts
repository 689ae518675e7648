import * as daemon from './checks-daemon.ts';
import * as discovery from './checks-discovery.ts';
import * as dns from './checks-dns.ts';
import * as handOff from './checks-hand-off.ts';
import * as links from './checks-links.ts';
import * as pools from './checks-pools.ts';
import * as reservations from './checks-reservations.ts';
import type { Finding } from './config-path.ts';
import type { Draft } from './draft.ts';

/** One rule: what parts of a configuration have to be to each other. Pure; named after what holds. */
export type CrossCheck = (draft: Draft) => Iterable<Finding>;

/** Every rule, in the order in which a person would look. */
export const CROSS_CHECKS: readonly CrossCheck[] = [
  links.somethingIsServed,
  links.interfaceAddressesDiffer,
  links.interfaceAddressIsAHosts,
  links.subnetsDoNotOverlap,
  links.subnetsInterfaceIsNamed,
  links.authoritativeInterfaceHasItsSubnet,
  links.subnetCanBeReached,
  links.sharedNetworkIsOneLink,
  links.relayIsOnOneLink,
  links.relayIsNotOurs,
  links.relayKnowsItsSubnet,
  links.relayedMachinesHaveARouter,
  links.routerIsOnTheLink,
  links.modeUsesItsSubnets,
  pools.poolInsideItsSubnet,
  pools.noSpecialAddressInAPool,
  pools.poolsDoNotOverlap,
  pools.poolsFitIntoMemory,
  pools.poolsHaveRoom,
  reservations.reservationsAreUnique,
  reservations.reservedAddressIsServed,
  reservations.groupExists,
  dns.dnsHasADomain,
  dns.dnsIsServed,
  dns.upstreamIsNotUs,
  dns.recordsAgree,
  dns.recordsLeaveOtherNamesAlone,
  dns.recordsAreInOurZones,
  dns.aliasesEnd,
  daemon.leaseTimesInOrder,
  daemon.profilesAreValid,
  daemon.argumentsHoldNoSecret,
  daemon.diskMethodsFitTheirFirmware,
  daemon.directoriesAreApart,
  discovery.rulesNamesDiffer,
  discovery.rulesMatchSomething,
  discovery.rulesWordsAreKnown,
  discovery.rulesGroupAndProfileExist,
  discovery.rulesArmNobody,
  discovery.automaticRulesTrustSwitches,
  handOff.runnersHaveWhatTheyNeed,
  handOff.runnersTakeTheirOptions,
  handOff.rolesBelongToOneCluster,
  handOff.clustersReachTheirNodes,
  handOff.playbooksCanBeFound,
  daemon.portsDiffer,
  daemon.listenAddressesDiffer,
  daemon.apiIsNotForEveryone,
];

export function crossCheck(draft: Draft): Finding[] {
  return CROSS_CHECKS.flatMap((check) => [...check(draft)]);
}

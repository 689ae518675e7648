/** A name and a password that a maker ships, and that anybody can look up. */
export interface DefaultLogin {
  readonly userName: string;
  readonly password: string;
  readonly whose: string;
  /** IANA enterprise numbers of the makers, as Get Device ID has them. */
  readonly makerIds: readonly number[];
  /** In what a BMC calls its maker. */
  readonly maker: RegExp;
}

/** Who made a BMC, as far as it says. */
export interface BmcMaker {
  readonly id?: number | undefined;
  readonly name?: string | undefined;
}

/** Data: a new one is a line. What is likelier in a pod of GPUs comes first. */
const DEFAULTS: readonly DefaultLogin[] = [
  login('qct.admin', 'qct.admin', 'Quanta (DGX-1, DGX-2)', [7244], /quanta|qct|nvidia/i),
  login('admin', 'admin', 'AMI MegaRAC, DGX, ASRock Rack, ASUS', [20974, 5703, 49622, 2623], /ami|nvidia|asus|asrock/i),
  login('ADMIN', 'ADMIN', 'Supermicro', [10876, 47488], /super ?micro/i),
  login('root', 'calvin', 'Dell iDRAC', [674], /dell/i),
  login('root', '0penBmc', 'OpenBMC, NVIDIA GB200', [5703, 49871], /openbmc|nvidia/i),
  login('USERID', 'PASSW0RD', 'Lenovo XClarity', [19046], /lenovo|ibm/i),
  login('root', 'changeme', 'Oracle ILOM', [42], /oracle|sun micro/i),
  login('admin', 'password', 'Gigabyte, Huawei', [15370, 2011], /giga-?byte|huawei/i),
  login('Administrator', 'password', 'old HPE iLO', [11, 47196], /hpe?\b|hewlett/i),
];

function login(userName: string, password: string, whose: string, makerIds: number[], maker: RegExp): DefaultLogin {
  return { userName, password, whose, makerIds, maker };
}

/** Whose default these credentials are; undefined: nobody's that is known. */
export function whoseDefault(userName: string, password: string): string | undefined {
  return DEFAULTS.find((each) => each.userName === userName && each.password === password)?.whose;
}

/**
 * Those that a BMC of this maker may have; all makers' where it is not known. No name comes twice: accounts lock, so each is
 * tried with one password.
 */
export function defaultLogins({ id, name }: BmcMaker): readonly DefaultLogin[] {
  const isMakers = ({ makerIds, maker }: DefaultLogin) =>
    (id !== undefined && makerIds.includes(id)) || (name !== undefined && maker.test(name));
  const known = DEFAULTS.filter(isMakers);
  const chosen = known.length > 0 ? known : DEFAULTS;
  return chosen.filter(({ userName }, at) => chosen.findIndex((each) => each.userName === userName) === at);
}

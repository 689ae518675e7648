/** What makers ship. Data: a new one is a line. */
const DEFAULTS: readonly { readonly userName: string; readonly password: string; readonly whose: string }[] = [
  { userName: 'qct.admin', password: 'qct.admin', whose: 'Quanta (DGX-1, DGX-2)' },
  { userName: 'admin', password: 'admin', whose: 'AMI MegaRAC, DGX, ASRock Rack, ASUS' },
  { userName: 'ADMIN', password: 'ADMIN', whose: 'Supermicro' },
  { userName: 'root', password: 'calvin', whose: 'Dell iDRAC' },
  { userName: 'root', password: '0penBmc', whose: 'OpenBMC, NVIDIA GB200' },
  { userName: 'USERID', password: 'PASSW0RD', whose: 'Lenovo XClarity' },
  { userName: 'root', password: 'changeme', whose: 'Oracle ILOM' },
  { userName: 'admin', password: 'password', whose: 'Gigabyte, Huawei' },
  { userName: 'Administrator', password: 'password', whose: 'old HPE iLO' },
];

/** Whose default these credentials are; undefined: nobody's that is known. */
export function whoseDefault(userName: string, password: string): string | undefined {
  return DEFAULTS.find((each) => each.userName === userName && each.password === password)?.whose;
}

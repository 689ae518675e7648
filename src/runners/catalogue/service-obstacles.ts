import type { ClusterSettings, Obstacle } from '../../domain/hand-off.ts';
import { chosenVariant, type Files, HOST_FILES, variantText } from './checkout.ts';
import type { CatalogueEntry } from './entry.ts';
import { type Places, writtenSettings } from './places.ts';

const NOT_PRIVATE = 0o077;

/** What stands in the way of an entry, whatever was deployed before it. */
export function entryObstacles(
  entry: CatalogueEntry,
  cluster: ClusterSettings,
  places: Places,
  files: Files = HOST_FILES,
): Obstacle[] {
  return [
    ...stepObstacles(entry, cluster, places, files),
    ...settingObstacles(entry, cluster, places, files),
    ...(places.kubeconfig === undefined || files.isFile(places.kubeconfig)
      ? []
      : [
          {
            code: 'no-kubeconfig',
            message: `The kubeconfig file ${places.kubeconfig} of the cluster ${cluster.name} is not there.`,
            mend: `Deploy Kubernetes first, or write clusters.${cluster.name}.kubeconfig in podboot.yaml.`,
          },
        ]),
  ];
}

function stepObstacles(
  entry: CatalogueEntry,
  cluster: ClusterSettings,
  { checkout, settings }: Places,
  files: Files,
): Obstacle[] {
  const missing = entry.steps.filter(
    (step) => !step.isOptional && chosenVariant(step, settings, checkout, files) === undefined,
  );
  if (missing.length > 0 && checkout === undefined)
    return [
      {
        code: 'no-checkout',
        message: `The cluster ${cluster.name} has no checkout of DeepOps, which ${entry.name} is deployed by.`,
        mend: `Write clusters.${cluster.name}.checkout in podboot.yaml.`,
      },
    ];
  return missing.map((step) => ({
    code: 'not-in-checkout',
    message: `${checkout} has nothing that ${entry.name} could be deployed by (step ${step.name}).`,
    mend: `It is looked for at ${step.variants.map(variantText).join(', ')}: check the version, and git submodule update --init.`,
  }));
}

function settingObstacles(
  entry: CatalogueEntry,
  cluster: ClusterSettings,
  { settings }: Places,
  files: Files,
): Obstacle[] {
  const where = `clusters.${cluster.name}.services.${entry.name}`;
  const unknown = Object.keys(writtenSettings(cluster, entry.name)).filter(
    (name) => !entry.settings.some((setting) => setting.name === name),
  );
  const strange = unknown.map((name) => ({
    code: 'unknown-setting',
    message: `${entry.name} has no setting ${name}.`,
    mend:
      entry.settings.length === 0
        ? `Take ${where} out.`
        : `There are ${entry.settings.map((each) => each.name).join(', ')}.`,
  }));
  return entry.settings
    .flatMap(({ name, says, pattern, file }): Obstacle[] => {
      const value = settings[name];
      const mend = `Write ${where}.${name} in podboot.yaml: ${says}`;
      if (value === undefined) return [{ code: 'setting-missing', message: `${entry.name} needs ${name}.`, mend }];
      if (pattern !== undefined && !pattern.test(value))
        return [{ code: 'setting-refused', message: `${name} of ${entry.name} does not fit.`, mend }];
      if (file === undefined) return [];
      const mode = files.mode(value);
      if (mode === undefined) return [{ code: 'file-missing', message: `${value} is not there.`, mend }];
      if (file === 'secret' && (mode & NOT_PRIVATE) !== 0)
        return [{ code: 'file-open', message: `Others than its owner may read ${value}.`, mend: `chmod 600 ${value}` }];
      return [];
    })
    .concat(strange);
}

/** What has to be deployed before it. */
export function needObstacles(
  entry: CatalogueEntry,
  cluster: string,
  isDeployed: (cluster: string, service: string) => boolean,
): Obstacle[] {
  return entry.needs
    .filter((need) => !isDeployed(cluster, need))
    .map((need) => ({
      code: 'needs-service',
      message: `${entry.name} needs ${need}, which is not deployed.`,
      mend: `podboot services deploy ${cluster} ${need}`,
    }));
}

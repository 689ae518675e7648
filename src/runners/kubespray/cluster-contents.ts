/** A node that Kubernetes has. */
export interface ClusterMember {
  readonly name: string;
  readonly isControlPlane: boolean;
  readonly isReady: boolean;
  /** What its kubelet says, or that it says nothing. */
  readonly notReadyBecause?: string;
  /** `v1.33.1`. */
  readonly kubeletVersion?: string;
  /** Milliseconds since 1970, when it joined. */
  readonly joinedAt?: number;
}

/**
 * What stands of a cluster.
 * - `none`       nothing was deployed: there is no kubeconfig file yet
 * - `there`      its nodes, which may be none
 * - `unreadable` there is one, and it does not answer
 */
export type ClusterContents =
  | { readonly state: 'none' }
  | { readonly state: 'there'; readonly members: readonly ClusterMember[] }
  | { readonly state: 'unreadable'; readonly because: string };

/** Never rejects. @param kubeconfig absolute path of the administrator's kubeconfig file */
export type ReadContents = (kubeconfig: string) => Promise<ClusterContents>;

import { reveal, type Secret } from './secret.ts';

/** Which buckets, where, and as whom. */
export interface S3Place {
  readonly region?: string | undefined;
  /** Address of a compatible store; undefined for Amazon's. */
  readonly endpoint?: string | undefined;
  /** Undefined: where there is an endpoint. */
  readonly pathStyle?: boolean | undefined;
  /** Without it, the library's chain: environment, profile, role of the machine. */
  readonly accessKeyId?: string | undefined;
  readonly secretAccessKey?: Secret | undefined;
  readonly sessionToken?: Secret | undefined;
}

/** Bodies of batches in a bucket. */
export interface BodyBucket extends S3Place {
  /** Bytes of a page, unpacked, above which its bodies go there. */
  readonly above: number;
  readonly bucket: string;
  /** What names begin with, without slashes at its ends. */
  readonly prefix: string;
  /** Milliseconds one object may take. */
  readonly timeout: number;
}

/** Settings of the vendor's client. Who uses it tries again itself, and says so. */
export function s3Client(place: S3Place) {
  const { endpoint, accessKeyId, secretAccessKey, sessionToken } = place;
  const region = place.region ?? (endpoint === undefined ? undefined : 'us-east-1');
  return {
    forcePathStyle: place.pathStyle ?? endpoint !== undefined,
    maxAttempts: 1,
    requestHandler: { connectionTimeout: 10_000 },
    // Older compatible stores do not know the checksums that newer clients add; batches are signed or have one of their own.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    ...(region !== undefined && { region }),
    ...(endpoint !== undefined && { endpoint }),
    ...(accessKeyId !== undefined &&
      secretAccessKey !== undefined && {
        credentials: {
          accessKeyId,
          secretAccessKey: reveal(secretAccessKey),
          ...(sessionToken !== undefined && { sessionToken: reveal(sessionToken) }),
        },
      }),
  } as const;
}

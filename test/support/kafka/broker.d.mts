/** Where a broker listens and keeps its data. */
export interface KafkaPlace {
  readonly port: number;
  readonly controllerPort: number;
  readonly dataDir: string;
}

export interface KafkaBrokerOptions {
  /** Given: it outlives the broker. Default: a temporary folder that `stop` removes. */
  readonly dataDir?: string;
  /** Default: a free one. */
  readonly port?: number;
  /** The broker outlives this process. */
  readonly isDetached?: boolean;
  /** Settings of server.properties that replace or join the usual ones. */
  readonly settings?: (place: KafkaPlace) => Readonly<Record<string, string>>;
  /** Users made with the data folder, as `SCRAM-SHA-256=[name=a,password=b]`. */
  readonly scram?: readonly string[];
  /** How to see that it serves. Default: it answers a metadata request without credentials. */
  readonly isReady?: (brokers: readonly string[]) => Promise<boolean>;
}

export interface KafkaBroker {
  /** `host:port`, as clients want it. */
  readonly brokers: readonly string[];
  readonly port: number;
  readonly pid: number;
  /** Ends in order and removes a temporary folder. */
  stop(): Promise<void>;
  /** Ends in order; the data stays for `restart`. */
  pause(): Promise<void>;
  /** SIGKILL; the data stays for `restart`. */
  kill(): Promise<void>;
  /** Starts again over the same data on the same port. */
  restart(): Promise<void>;
}

export declare class KafkaMissing extends Error {}
export declare const whatIsMissing: () => string | undefined;
export declare const answers: (brokers: readonly string[], security?: object) => Promise<boolean>;
export declare const startKafkaBroker: (options?: KafkaBrokerOptions) => Promise<KafkaBroker>;

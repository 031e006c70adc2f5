/** What a test file says, whichever of the two formats it is in. */
import type { Position } from '../../kernel/diagnostic.ts';
import type { Fields } from '../../kernel/event-types.ts';

export interface TestFile {
  readonly file: string;
  readonly format: 'millrace' | 'verifier';
  readonly cases: readonly TestCase[];
}

/** What is tested. */
export interface Subject {
  /** Paths of configs (files, folders, globs), absolute. */
  readonly paths?: readonly string[];
  /** A config as text, and the line of the test file that it begins in. */
  readonly inline?: { readonly text: string; readonly line: number };
  /** Id of a pipeline in pipelines.yml. */
  readonly pipeline?: string;
  /** A part of the filters: id of one, name of a config file, or a condition. */
  readonly block?: string;
  /** Filters that others stand in for, by id: the text of a filter section's body, or nothing. */
  readonly mocks: Readonly<Record<string, string>>;
  /** Settings of the pipeline, such as `pipeline.ecs_compatibility`. */
  readonly settings: Readonly<Record<string, string>>;
  readonly environment: Readonly<Record<string, string>>;
  readonly keystore: Readonly<Record<string, string>>;
  /** Where to point when something is wrong with it. */
  readonly position: Position;
}

export interface TestCase {
  readonly name: string;
  readonly position: Position;
  readonly subject: Subject;
  readonly given: Given;
  /** Epoch milliseconds; undefined: the real time. */
  readonly now: number | undefined;
  readonly timezone: string;
  /** References of fields that are taken out before events are compared exactly. */
  readonly ignore: readonly string[];
  readonly expected: Expected;
  /** Where `--update` puts results: index of the case in its file. */
  readonly index: number;
  readonly skip: boolean;
}

/** What goes in. */
export interface Given {
  /** Raw records, for the codec. */
  readonly lines: readonly string[];
  /** Events as an input makes them. */
  readonly events: readonly Fields[];
  /** Set in every event behind the codec. */
  readonly fields: Fields;
  /** Id or name of an input of the config. */
  readonly input?: { readonly name: string; readonly position: Position };
  /** Of the input, its codec and common options alone are used, as the verifier does: no field names the sender. */
  readonly codecOnly: boolean;
  /** As a config says it: `json`, `plain { charset => "CP1252" }`. */
  readonly codec?: { readonly text: string; readonly position: Position };
  /** Of the sender: `ip`, `port`, `path`, `headers`. */
  readonly source: Readonly<Record<string, unknown>>;
}

export interface Expected {
  /** How many events come out; undefined: any number. */
  readonly count: number | undefined;
  /** One an event that comes out, in this order. */
  readonly events: readonly EventExpectation[];
  /** What holds for every event that comes out. */
  readonly every: EventExpectation | undefined;
  /** Events may come in another order. */
  readonly anyOrder: boolean;
  /** Events go through `pipeline` outputs on into other pipelines. */
  readonly follow: boolean;
  /** Events that go to no output do not count. */
  readonly deliveredOnly: boolean;
  /** An event counts once for each output that it goes to. */
  readonly perOutput: boolean;
  /** Holds the id of the output then. */
  readonly outputField: string | undefined;
  /** Exactly the outputs that all events together go to. */
  readonly outputs: readonly string[] | undefined;
}

export interface EventExpectation {
  /** All fields, but for ignored ones. */
  readonly event?: Fields;
  /** Whether `event` says what `@metadata` holds as well. */
  readonly metadata: boolean;
  /** Some fields: references or names; maps are compared in the same way. */
  readonly fields?: Fields;
  /** Fields whose text matches a regular expression. */
  readonly matches?: Readonly<Record<string, RegExp>>;
  readonly absent?: readonly string[];
  /** Exactly these tags, in any order. */
  readonly tags?: readonly string[];
  /** Exactly these outputs, by id or by name of the plugin, in any order. */
  readonly outputs?: readonly string[];
}

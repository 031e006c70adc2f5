/** The graph of a pipeline: numbers on nodes and edges; arrow keys go along the edges. */
import { Tooltip, VisuallyHidden } from '@mantine/core';
import { IconClockExclamation, IconExclamationCircleFilled } from '@tabler/icons-react';
import {
  Background,
  BaseEdge,
  Controls,
  type EdgeProps,
  type Edge as FlowEdge,
  type Node as FlowNode,
  Handle,
  MarkerType,
  Position,
  ReactFlow,
  type ReactFlowInstance,
  ReactFlowProvider,
  useReactFlow,
} from '@xyflow/react';
import '@xyflow/react/dist/base.css';
import { createContext, type KeyboardEvent, useContext, useEffect, useMemo, useRef } from 'react';
import type { Edge, PipelineLive, Vertex } from '../../../../src/server/contract.ts';
import { count, rate } from './format.ts';
import { type Line, pathOf, place } from './layout.ts';
import { kindWords, stateOf, summaryOf } from './node-text.ts';

export interface GraphProps {
  readonly vertices: readonly Vertex[];
  readonly edges: readonly Edge[];
  readonly live: PipelineLive | undefined;
  readonly selected: string | undefined;
  readonly select: (id: string | undefined) => void;
}

interface Shared {
  readonly live: PipelineLive | undefined;
  readonly selected: string | undefined;
  readonly first: string | undefined;
  readonly select: (id: string) => void;
  readonly move: (from: string, key: string) => boolean;
  readonly show: (id: string) => void;
}
const SharedContext = createContext<Shared | undefined>(undefined);

export default function Graph(props: GraphProps) {
  return (
    <ReactFlowProvider>
      <Flow {...props} />
    </ReactFlowProvider>
  );
}

const READABLE = 0.8;

type LineEdge = FlowEdge<{ readonly line: Line; readonly text: string }, 'line'>;

function LineView({ data, style, markerEnd }: EdgeProps<LineEdge>) {
  const { line, text } = data!;
  return (
    <BaseEdge
      path={pathOf(line.points)}
      label={text}
      labelX={line.label.x}
      labelY={line.label.y}
      labelShowBg
      labelBgPadding={[3, 1]}
      {...(style && { style })}
      {...(markerEnd !== undefined && { markerEnd })}
    />
  );
}

type VertexNode = FlowNode<{ readonly vertex: Vertex }, 'vertex'>;

function Flow({ vertices, edges, live, selected, select }: GraphProps) {
  const host = useRef<HTMLDivElement>(null);
  const flow = useReactFlow();
  const layout = useMemo(() => place(vertices, edges), [vertices, edges]);
  const { places } = layout;
  const nodes = useMemo(
    (): VertexNode[] =>
      vertices.map((vertex) => {
        const { x, y, width, height } = places.get(vertex.id)!;
        return { id: vertex.id, type: 'vertex', position: { x, y }, width, height, data: { vertex } };
      }),
    [vertices, places],
  );
  const most = Math.max(1, ...Object.values(live?.edges ?? {}));
  const flowEdges = edges.map(({ id, from, to, label }): LineEdge => {
    const passing = live?.edges[id];
    return {
      id,
      type: 'line',
      source: from,
      target: to,
      data: {
        line: layout.lines.get(id)!,
        text: [label, passing === undefined ? undefined : rate(passing)].filter(Boolean).join(' '),
      },
      style: passing
        ? { strokeWidth: 1 + 2.5 * Math.sqrt(passing / most) }
        : { strokeWidth: 1, ...(passing === 0 && { strokeDasharray: '4 4' }) },
      markerEnd: { type: MarkerType.ArrowClosed, markerUnits: 'userSpaceOnUse', width: 11, height: 11 },
    };
  });
  /** All of it, if that can be read; otherwise its beginning. */
  const begin = (instance: ReactFlowInstance<VertexNode, LineEdge>): void => {
    const frame = host.current!;
    const zoom = Math.min(1, frame.clientWidth / layout.width, frame.clientHeight / layout.height);
    const readable = Math.max(zoom, READABLE);
    void instance.setViewport({
      zoom: readable,
      x: Math.max(0, (frame.clientWidth - layout.width * readable) / 2),
      y: (frame.clientHeight - layout.height * readable) / 2,
    });
  };
  const focus = (id: string): void => {
    host.current?.querySelector<HTMLElement>(`[data-vertex="${CSS.escape(id)}"]`)?.focus();
  };
  const shared: Shared = {
    live,
    selected,
    first: vertices[0]?.id,
    select,
    show: (id) => {
      const at = places.get(id);
      const frame = host.current;
      if (!at || !frame) return;
      const { x, y, zoom } = flow.getViewport();
      const [left, top] = [at.x * zoom + x, at.y * zoom + y];
      const hidden =
        left < 0 ||
        top < 0 ||
        left + at.width * zoom > frame.clientWidth ||
        top + at.height * zoom > frame.clientHeight;
      if (hidden) void flow.setCenter(at.x + at.width / 2, at.y + at.height / 2, { zoom });
    },
    move: (from, key) => {
      const next = neighbour(vertices, edges, places, from, key);
      if (next !== undefined) focus(next);
      return next !== undefined;
    },
  };
  // The container grows and shrinks with the panel beside it.
  // biome-ignore lint/correctness/useExhaustiveDependencies: only when another node is selected
  useEffect(() => {
    if (selected !== undefined) setTimeout(() => shared.show(selected), 50);
  }, [selected]);
  return (
    <div className="pipeline-graph" ref={host}>
      <SharedContext value={shared}>
        <ReactFlow
          nodes={nodes}
          edges={flowEdges}
          nodeTypes={nodeTypes}
          nodesDraggable={false}
          nodesConnectable={false}
          nodesFocusable={false}
          edgesFocusable={false}
          elementsSelectable={false}
          disableKeyboardA11y
          edgeTypes={edgeTypes}
          onInit={begin}
          minZoom={0.1}
          maxZoom={1.5}
          onlyRenderVisibleElements={vertices.length > 300}
          proOptions={{ hideAttribution: true }}
          onPaneClick={() => select(undefined)}
          aria-label="Graph of the pipeline: arrow keys go from node to node, Enter opens one"
        >
          <Background gap={20} size={1} />
          <Controls showInteractive={false} position="bottom-left" />
        </ReactFlow>
      </SharedContext>
    </div>
  );
}

/** The vertex that an arrow key leads to: along an edge, or to the next one above or below. */
function neighbour(
  vertices: readonly Vertex[],
  edges: readonly Edge[],
  places: ReadonlyMap<string, { readonly x: number; readonly y: number }>,
  from: string,
  key: string,
): string | undefined {
  const at = places.get(from)!;
  const far = (id: string): number => Math.abs(places.get(id)!.y - at.y) + Math.abs(places.get(id)!.x - at.x);
  const nearest = (ids: readonly string[]): string | undefined => [...ids].sort((a, b) => far(a) - far(b))[0];
  switch (key) {
    case 'ArrowRight':
      return nearest(edges.filter((edge) => edge.from === from).map(({ to }) => to));
    case 'ArrowLeft':
      return nearest(edges.filter((edge) => edge.to === from).map((edge) => edge.from));
    case 'ArrowDown':
    case 'ArrowUp': {
      const sign = key === 'ArrowDown' ? 1 : -1;
      const column = vertices.filter(
        ({ id }) => Math.abs(places.get(id)!.x - at.x) < 200 && (places.get(id)!.y - at.y) * sign > 1,
      );
      return nearest(column.map(({ id }) => id));
    }
    default:
      return undefined;
  }
}

function VertexView({ data: { vertex } }: { readonly data: { readonly vertex: Vertex } }) {
  const { live, selected, first, select, move, show } = useContext(SharedContext)!;
  const numbers = live?.nodes[vertex.id];
  const state = stateOf(live, vertex.id);
  const onKeyDown = (event: KeyboardEvent): void => {
    if (!event.key.startsWith('Arrow')) return;
    event.preventDefault();
    move(vertex.id, event.key);
  };
  const button = (
    <button
      type="button"
      className="graph-node nopan"
      data-vertex={vertex.id}
      data-kind={vertex.kind}
      data-state={state}
      data-selected={selected === vertex.id}
      aria-pressed={selected === vertex.id}
      // One stop of the tab key for the whole graph; arrows do the rest.
      tabIndex={vertex.id === (selected ?? first) ? 0 : -1}
      onClick={() => select(vertex.id)}
      onKeyDown={onKeyDown}
      onFocus={() => show(vertex.id)}
    >
      <VisuallyHidden>{`${kindWords[vertex.kind]} `}</VisuallyHidden>
      {vertex.kind === 'if' ? (
        <>
          <span style={{ color: 'var(--mantine-color-dimmed)' }}>{vertex.title}</span>
          <span className="cut mono">{vertex.detail}</span>
        </>
      ) : vertex.kind === 'outputs' ? (
        <span style={{ textAlign: 'center', color: 'var(--mantine-color-dimmed)' }}>outputs</span>
      ) : (
        <>
          <span style={{ display: 'flex', gap: 6, alignItems: 'center' }}>
            <span className="cut" style={{ flex: 1 }}>
              <b>{vertex.title}</b>
              {vertex.detail !== undefined && ` ${vertex.detail}`}
            </span>
            {state === 'failing' && (
              <IconExclamationCircleFilled
                size={15}
                style={{ color: 'var(--millrace-bad)', flex: 'none' }}
                aria-hidden
              />
            )}
            {state === 'slow' && (
              <IconClockExclamation
                size={15}
                style={{ color: 'var(--millrace-warn)', flex: 'none' }}
                aria-hidden
              />
            )}
          </span>
          <span className="cut" style={{ fontVariantNumeric: 'tabular-nums' }}>
            {` ${summaryOf(vertex, live) || '–'} `}
          </span>
          {state === 'failing' && <VisuallyHidden>failing: </VisuallyHidden>}
          <span
            className="cut"
            style={{ fontSize: 11, color: secondColour(state) }}
            aria-hidden={secondLine(vertex, live) === undefined}
          >
            {secondLine(vertex, live) ?? kindWords[vertex.kind].toLowerCase()}
          </span>
        </>
      )}
    </button>
  );
  const tip = numbers?.problem?.text ?? (vertex.kind === 'if' ? vertex.detail : undefined);
  return (
    <>
      <Handle type="target" position={Position.Left} isConnectable={false} />
      {tip === undefined ? (
        button
      ) : (
        <Tooltip
          label={tip}
          multiline
          maw={420}
          withArrow
          events={{ hover: true, focus: true, touch: false }}
        >
          {button}
        </Tooltip>
      )}
      <Handle type="source" position={Position.Right} isConnectable={false} />
    </>
  );
}

const secondColour = (state: ReturnType<typeof stateOf>): string =>
  state === 'failing'
    ? 'var(--millrace-bad)'
    : state === 'slow'
      ? 'var(--millrace-warn)'
      : 'var(--mantine-color-dimmed)';

/** What is worst about a node. */
function secondLine(vertex: Vertex, live: PipelineLive | undefined): string | undefined {
  const numbers = live?.nodes[vertex.id];
  if (numbers?.problem) return numbers.problem.text;
  if (live?.slowest === vertex.id) return 'takes most of the time';
  if (numbers && numbers.failures > 0) return `${count(numbers.failures)} failures`;
  return undefined;
}

const nodeTypes = { vertex: VertexView };
const edgeTypes = { line: LineView };

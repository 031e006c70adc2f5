/** A small line of numbers, for lists: drawn as text of a path, without a library. */
export function Spark({ values, label }: { readonly values: readonly number[]; readonly label: string }) {
  const [width, height] = [96, 22];
  const top = Math.max(1, ...values);
  const points = values.map((value, at) => {
    const x = ((at + 60 - values.length) / 59) * width;
    return `${x.toFixed(1)},${(height - 1 - (value / top) * (height - 3)).toFixed(1)}`;
  });
  return (
    <svg width={width} height={height} role="img" aria-label={label} style={{ display: 'block' }}>
      <polyline
        points={points.join(' ')}
        fill="none"
        stroke="var(--mantine-primary-color-filled)"
        strokeWidth={1.5}
        strokeLinejoin="round"
      />
    </svg>
  );
}

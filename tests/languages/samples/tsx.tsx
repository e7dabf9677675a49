import React, { useState } from "react";
import { Row } from "./row";

type Props = { items: string[]; onPick?: (item: string) => void };

export const Empty = () => <p>function notCode() {}</p>;

/** A list. */
export function List({ items, onPick }: Props): JSX.Element {
  const [picked, setPicked] = useState<string | null>(null);
  const pick = (item: string) => {
    setPicked(item);
    onPick?.(item);
  };

  return (
    <ul>
      {items.length === 0 && <Empty />}
      {items.map((item) => (
        <Row key={item} selected={item === picked} onClick={() => pick(item)}>
          {item}
        </Row>
      ))}
    </ul>
  );
}

export default class Frame extends React.Component<Props> {
  render() {
    return this.props.items ? <List {...this.props} /> : null;
  }
}

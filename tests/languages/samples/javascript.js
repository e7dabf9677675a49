#!/usr/bin/env node
"use strict";
// function commented() {}
import def, { one as uno, two } from "./lib.js";
import * as everything from 'pkg/sub';
import "side-effect";
export { a as b, default as c } from "./re-export";
export * from "./all";
const { readFile, sep: separator } = require("fs");
const path = require('path');
const lazy = () => import("./lazy.js");

export const LIMITS = {
  low: 1,

  high() {
    return 2;
  },
  "quoted-name": function () {},
};

/**
 * Adds. function inDoc() {}
 * @param {number} a
 */
export default async function add(a, b = { x: 1 }, ...rest) {
  if (a && b || rest.length) {
    for (const r of rest) a += r;
  } else if (b ?? a) {
    return `function inTemplate() { ${a} }

function stillInTemplate() {}`;
  }
  switch (a) {
    case 1:
    case 2:
      return 1;
    default:
      return a ? 1 : 2;
  }
}

function* generator() {
  try {
    yield 1;
  } catch (e) {
    /function regex() {}/.test(e);
  }
}

const arrow = async (x) => {
  const inner = (y) => y;
  return inner(x);
};
let f = function named() {}, g = (z) => z;

export class Shape extends Base {
  static #count = 0;
  // what it is
  handler = (event) => {
    this.x = event;
  };
  constructor(x) {
    super(x);
  }
  static async *make() {}
  get area() { return 0; }
  ["computed" + 1]() {}
  #hidden() {}
}

const Anonymous = class extends Shape {
  only() {}
};

Shape.prototype.grow = function (by) {
  return by;
};
module.exports = { Shape, run: (x) => x };

(function () {
  function inIife() {}
})();

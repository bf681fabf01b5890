// A crystal in three dimensions on a canvas: atoms, bonds and the cell. Drag or arrow keys turn it, the wheel zooms.

import { colours, make } from "./dom.js";

const EDGES = [[0, 1], [0, 2], [0, 4], [1, 3], [1, 5], [2, 3], [2, 6], [3, 7], [4, 5], [4, 6], [5, 7], [6, 7]];

export class CrystalView {
  constructor(container) {
    this.canvas = make("canvas", { tabindex: "0", "aria-label": "Crystal structure; arrow keys turn it" });
    this.legend = make("div", { class: "legend" });
    container.replaceChildren(this.canvas, this.legend);
    this.turn = [[1, 0, 0], [0, 1, 0], [0, 0, 1]];
    this.zoom = 1;
    this.rotate(-0.35, 0);
    this.rotate(0, -0.18);
    this.canvas.addEventListener("pointerdown", (event) => {
      this.canvas.setPointerCapture(event.pointerId);
      this.from = [event.clientX, event.clientY];
    });
    this.canvas.addEventListener("pointermove", (event) => {
      if (!this.from || !event.buttons) return;
      this.rotate((event.clientX - this.from[0]) / 120, (event.clientY - this.from[1]) / 120);
      this.from = [event.clientX, event.clientY];
      this.draw();
    });
    this.canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.zoom = Math.min(5, Math.max(0.3, this.zoom * Math.exp(-event.deltaY / 600)));
      this.draw();
    }, { passive: false });
    this.canvas.addEventListener("keydown", (event) => {
      const turns = { ArrowLeft: [-0.15, 0], ArrowRight: [0.15, 0], ArrowUp: [0, -0.15], ArrowDown: [0, 0.15] };
      if (event.key in turns) { this.rotate(...turns[event.key]); }
      else if (event.key === "+" || event.key === "-") this.zoom *= event.key === "+" ? 1.15 : 1 / 1.15;
      else return;
      event.preventDefault();
      event.stopPropagation();
      this.draw();
    });
    new ResizeObserver(() => this.draw()).observe(this.canvas);
  }

  /** Turn about the vertical and the horizontal axis of the screen. */
  rotate(about_y, about_x) {
    const [cy, sy, cx, sx] = [Math.cos(about_y), Math.sin(about_y), Math.cos(about_x), Math.sin(about_x)];
    const step = [[cy, 0, sy], [sx * sy, cx, -sx * cy], [-cx * sy, sx, cx * cy]];
    this.turn = step.map((row) => [0, 1, 2].map((k) => row[0] * this.turn[0][k] + row[1] * this.turn[1][k] + row[2] * this.turn[2][k]));
  }

  show(picture) {
    this.picture = picture;
    const items = picture ? Object.entries(picture.colours).map(([element, colour]) => {
      const dot = document.createElementNS("http://www.w3.org/2000/svg", "svg");
      dot.setAttribute("width", "12"); dot.setAttribute("height", "12");
      const circle = document.createElementNS("http://www.w3.org/2000/svg", "circle");
      circle.setAttribute("cx", "6"); circle.setAttribute("cy", "6"); circle.setAttribute("r", "5.5"); circle.setAttribute("fill", colour);
      dot.append(circle);
      return make("span", {}, dot, ` ${element}`);
    }) : [];
    this.legend.replaceChildren(...items);
    this.draw();
  }

  /** A point in Å on the screen: x, y in pixels and depth in Å towards the viewer. */
  project([x, y, z]) {
    const [a, b, c] = this.turn.map((row) => row[0] * x + row[1] * y + row[2] * z);
    // c of the cell points up on the screen
    const depth = 1 + b / this.far;
    return [this.centre[0] + this.scale * a * depth, this.centre[1] - this.scale * c * depth, b, depth];
  }

  draw() {
    const { canvas, picture } = this;
    const ratio = window.devicePixelRatio || 1, width = canvas.clientWidth, height = canvas.clientHeight;
    if (!width || !height) return;
    canvas.width = width * ratio; canvas.height = height * ratio;
    const pen = canvas.getContext("2d");
    pen.scale(ratio, ratio);
    pen.clearRect(0, 0, width, height);
    if (!picture) return;
    const { pale, ground } = colours();
    const [a, b, c] = picture.cell;
    const corner = (i) => [0, 1, 2].map((k) => ((i & 4 ? 0.5 : -0.5) * a[k]) + ((i & 2 ? 0.5 : -0.5) * b[k]) + ((i & 1 ? 0.5 : -0.5) * c[k]));
    const corners = Array.from({ length: 8 }, (_, i) => corner(i));
    const reach = Math.max(...corners.map((one) => Math.hypot(...one)), ...picture.atoms.map((one) => Math.hypot(...one.position)));
    this.centre = [width / 2, height / 2];
    this.scale = this.zoom * 0.44 * Math.min(width, height) / reach;
    this.far = 5 * reach;

    const items = [];
    const points = picture.atoms.map((atom) => this.project(atom.position));
    for (const [i, j] of EDGES.map((edge) => edge.map((place) => this.project(corners[place])))) {
      items.push({ depth: (i[2] + j[2]) / 2 - 0.05, draw: () => line(pen, i, j, pale, 1) });
    }
    for (const [i, j] of picture.bonds) {
      const middle = points[i].map((value, k) => (value + points[j][k]) / 2);
      for (const [end, atom] of [[points[i], picture.atoms[i]], [points[j], picture.atoms[j]]]) {
        items.push({ depth: (end[2] + middle[2]) / 2 - 0.3, draw: () => line(pen, end, middle, picture.colours[atom.element], Math.max(1.5, 0.13 * this.scale * end[3])) });
      }
    }
    picture.atoms.forEach((atom, place) => {
      const [x, y, depth, near] = points[place];
      items.push({ depth, draw: () => ball(pen, x, y, Math.max(2, atom.radius * this.scale * near), atom, picture.colours, ground) });
    });
    items.sort((one, other) => one.depth - other.depth);
    for (const item of items) item.draw();
    pen.fillStyle = pale;
    pen.font = "italic 13px serif";
    for (const [name, end] of [["a", 4], ["b", 2], ["c", 1]]) {
      const at = corners[end].map((value, k) => corners[0][k] + 1.08 * (value - corners[0][k]));
      const [x, y] = this.project(at);
      pen.fillText(name, x - 4, y + 4);
    }
  }
}

function line(pen, from, to, colour, width) {
  pen.strokeStyle = colour;
  pen.lineWidth = width;
  pen.lineCap = "round";
  pen.beginPath();
  pen.moveTo(from[0], from[1]);
  pen.lineTo(to[0], to[1]);
  pen.stroke();
}

/** A shaded ball; a site that several elements share, or that is partly empty, in sectors. */
function ball(pen, x, y, radius, atom, colours, ground) {
  const shares = Object.entries(atom.shares), full = shares.reduce((sum, [, share]) => sum + share, 0);
  const disc = (from, to) => {
    pen.beginPath();
    if (to - from < 0.999) pen.moveTo(x, y);
    pen.arc(x, y, radius, 2 * Math.PI * from - Math.PI / 2, 2 * Math.PI * to - Math.PI / 2);
    pen.fill();
  };
  let from = 0;
  for (const [element, share] of shares) {
    const shade = pen.createRadialGradient(x - 0.35 * radius, y - 0.4 * radius, 0.1 * radius, x, y, radius);
    shade.addColorStop(0, "#ffffff");
    shade.addColorStop(0.35, colours[element]);
    shade.addColorStop(1, darker(colours[element]));
    pen.fillStyle = shade;
    disc(from, shares.length === 1 && share > 0.999 ? 1 : from + share);
    from += share;
  }
  if (full < 0.999) {
    pen.fillStyle = ground;
    disc(full, 1);
  }
}

function darker(colour) {
  const parts = [1, 3, 5].map((at) => Math.round(parseInt(colour.slice(at, at + 2), 16) * 0.45));
  return `rgb(${parts.join(",")})`;
}

open Base
include Shared

(** An order. let not_code x = x *)
type order = { id : int; name : string }

let limit = 10

let total order extra =
  match order with
  | { id = 0; _ } -> extra
  | _ -> if extra > 1 then extra else 0

let rec grow x = x + 1

module Inner = struct
  let helper y = "let in_string z = z"
end

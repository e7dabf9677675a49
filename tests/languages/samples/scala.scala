package com.example.shop

import scala.collection.mutable
import scala.util._
import com.example.base.{Record => Base, Other, _}

/** An order. class InDoc */
@deprecated("old", "1.0")
sealed abstract class Order[T <: Ordered[T]](
    val id: Int = 1,
    name: String
) extends Base(id)
    with HasTotal {

  val Limit = 10
  type Key = String

  // def commented() = 1
  @inline
  override def find[R: Manifest](key: String)(implicit ctx: Context): Option[R] = {
    def local(x: Int): Int = if (x > 0) x else -x
    if (key.isEmpty || id == 0 && name != "") {
      None
    } else {
      val text = """
def inRawString() {

}
"""
      for (i <- 0 to local(id)) yield i
      id match {
        case 1 => None
        case n if n > 2 => Some(n)
        case _ => None
      }
    }
  }

  def total: Int
}

object Order {
  def apply(): Int = 1

  case class Line(sku: String, count: Int)
}

trait HasTotal {
  def sum(xs: Seq[Int]): Int = xs.sum
}

case object Empty extends HasTotal

package com.example.shop

import kotlin.math.abs
import java.util.*
import com.example.base.Record as Base

const val LIMIT = 10

/** An order. class InDoc */
@Entity("orders")
data class Order<T : Any>(
    val id: Int,
    private var name: String = "class A {}",
) : Base(id), HasTotal where T : Comparable<T> {

    companion object {
        private const val MAX = 3
        fun create(): Order<Int> = Order(1)
    }

    val lazyTotal: Int by lazy { 1 }

    init {
        require(id > 0)
    }

    constructor(text: String) : this(text.length, text) {
        println(text)
    }

    // fun commented() {}
    @Test
    override suspend fun <R> find(
        key: String, // what
        block: (Int) -> R,
    ): R? where R : Any {
        fun local(x: Int) = if (x > 0) x else -x
        if (key.isEmpty() || id == 0 && name != "") {
            return null
        }
        for (i in 0..id) {
            while (i > 1) break
        }
        val text = """
fun inRawString() {

}
"""
        try {
            return when (id) {
                1 -> block(1)
                2, 3 -> block(local(2))
                else -> null
            }
        } catch (e: Exception) {
            return text.firstOrNull() ?: throw e
        }
    }
}

interface HasTotal {
    fun total(): Int
}

object Registry {
    fun register(order: Order<*>) {}
}

enum class Color(val code: String) {
    RED("r") {
        override fun label() = "red"
    },
    GREEN("g");

    open fun label(): String = code
}

typealias Handler = (Order<*>) -> Unit

fun <T> List<T>.second(): T = this[1]

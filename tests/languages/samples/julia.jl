module Shop

using Base: sum
import Statistics
include("util.jl")

const LIMIT = 10

# An order. function not_code() end
struct Order
    id::Int
    name::String
end

abstract type Named end

function total(order::Order, extra::T)::Int where T
    if extra > 1
        return extra
    elseif extra == 0
        return 0
    end
    for i in 1:2
        println(i)
    end
    text = "function in_string() end"
    return order.id
end

grow(x) = x + 1

macro shout(text)
    text
end

end

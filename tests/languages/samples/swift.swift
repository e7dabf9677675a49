import Foundation
import struct Shop.Money
@testable import Core

let limit = 10

/// An order. class InDoc {}
@objc(ECOrder)
public final class Order<T: Comparable>: Base, HasTotal where T: Hashable {
    static let maximum = 3
    private var name: String = "func a() {}"

    var total: Int {
        get { 1 }
        set { name = "" }
    }

    // func commented() {}
    public init?(name: String) {
        self.name = name
    }

    deinit {
        print("gone")
    }

    @discardableResult
    public func find<R>(
        _ key: String, // what
        with block: (Int) throws -> R
    ) async rethrows -> R? where R: Sendable {
        func local(_ x: Int) -> Int { return x > 0 ? x : -x }
        guard let first = key.first else {
            return nil
        }
        if key.isEmpty || limit == 0 && name != "" {
            return nil
        }
        for i in 0..<limit {
            while i > 1 { break }
        }
        let text = """
        func inTextBlock() {

        }
        """
        switch limit {
        case 1:
            return try block(1)
        default:
            break
        }
        do {
            return try block(local(2))
        } catch {
            return nil
        }
    }

    subscript(index: Int) -> Int {
        return index
    }
}

struct Point {
    var x = 0
    mutating func move(by dx: Int) {
        x += dx
    }
}

enum Color: String {
    case red = "r"
    case green

    func label() -> String { return rawValue }
}

protocol HasTotal {
    associatedtype Unit
    func total() -> Int
}

extension Order: CustomStringConvertible {
    public func describe() -> String {
        return name
    }
}

public typealias Handler = (Int) -> Void

func top(a: Int) -> Int {
    return a
}

require "json"
require_relative "lib/shape"
load "config.rb"
autoload :Thing, "thing"

# The shop. def not_code; end
module Shop
  MAX = 10

  # An order.
  # Second line.
  class Order < Base::Record
    NAMES = %w[a b].freeze
    include Comparable
    attr_reader :count

    def initialize(count, *rest, key: 1, **options, &block)
      @count = count
      text = <<~TEXT
        def in_heredoc

        end
      TEXT
      rest.each { |r| puts r if r > 1 && key }
    end

    def self.build(attrs = {})
      case attrs
      when Hash then new(1)
      when nil
        nil
      else
        raise ArgumentError unless attrs
      end
    rescue StandardError, IOError => e
      e ? 1 : 2
    end

    def total = count * 2

    class << self
      def shared?
        true
      end
    end

    private def secret
      while @count > 0
        @count -= 1
      end
    end

    def <=>(other)
      count <=> other.count
    end
  end

  module Helpers; def help; end; end
end

def top_level(a)
  "def in_string; end #{a}"
end

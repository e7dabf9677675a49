defmodule Shop.Order do
  @moduledoc "Orders. def not_code do end"
  alias Shop.Base
  import Enum
  use GenServer
  require Logger

  @doc "Finds."
  @spec find(String.t(), list()) :: any()
  def find(key, rest) when is_binary(key) do
    if key == "" and rest == [] do
      nil
    else
      """
      def in_heredoc do

      end
      """
    end
  end

  defp total(x), do: x

  defmacro shout(text) do
    quote do: unquote(text)
  end
end

defprotocol Shop.Named do
  def name(x)
end

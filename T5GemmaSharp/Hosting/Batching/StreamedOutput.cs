using System.Threading.Channels;

namespace T5GemmaSharp.Hosting.Batching;

/// <summary>An answer that is read token by token.</summary>
internal sealed class StreamedOutput : IGenerationOutput
{
    private readonly Channel<OutputToken> _tokens = Channel.CreateUnbounded<OutputToken>(new UnboundedChannelOptions { SingleReader = true });

    public ChannelReader<OutputToken> Reader => _tokens.Reader;

    public void Write(in OutputToken token) => _tokens.Writer.TryWrite(token);

    public void Complete(Exception? error) => _tokens.Writer.TryComplete(error);
}

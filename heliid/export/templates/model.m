function varargout = ${name}(command, varargin)
${heading}
%
%   Use:
%     s = ${name}('init');                     at rest at the trim; ('init', u_trim, y_trim) for another
%     [y, s] = ${name}('step', s, [${first_input}]);   y: outputs at the end of the step of ${dt} s
%     y = ${name}('free_run', u, y_start);     u (N x ${n_in}), y_start (${n_start} x ${n_out}): a whole record
%
%   Also: s = ${name}('start', s, u, y) from ${n_start} measured samples; p = ${name}('info'): names,
%   units, trim, envelope, provenance; worst = ${name}('test'): largest difference to HeliID's own
%   free run, in standard deviations; [y, good] = ${name}('free_run', ...): good samples before
%   divergence. Works in MATLAB and Octave.

switch command
  case 'init'
    varargout{1} = at_rest(varargin{:});
  case 'start'
    varargout{1} = started(varargin{:});
  case 'step'
    [varargout{1}, varargout{2}] = stepped(varargin{:});
  case 'free_run'
    [varargout{1}, varargout{2}] = whole(varargin{:});
  case 'info'
    varargout{1} = about();
  case 'test'
    [u, y, y_std] = test_vector();
    again = whole(u, y(1:min(${n_start}, end), :));
    varargout{1} = max(max(abs(again - y) ./ y_std));
  otherwise
    error('${name}:command', 'unknown command; use init, start, step, free_run, info or test');
end
end

function s = at_rest(u_trim, y_trim)
  c = constants();
  if nargin < 2
    u_trim = c.u_trim;
    y_trim = c.y_trim;
  end
  s = struct('u_trim', u_trim(:).', 'y_trim', y_trim(:).', 'x', [], 'y', [], 'diverged', false);
  s = started(s, repmat(s.u_trim, ${n_start}, 1), repmat(s.y_trim, ${n_start}, 1));
end

function s = started(s, u, y)
  c = constants();
  s.diverged = false;
  s.x = zeros(${n_start}, ${n_extended});
  s.y = zeros(${n_start}, ${n_out});
  for k = 1:${n_start}
    s.y(k, :) = ((y(k, :) - s.y_trim) - c.y_offset) ./ c.y_std;
    if k == 1
      s.x(k, :) = extended(c, s, u(k, :), []);
    else
      s.x(k, :) = extended(c, s, u(k, :), s.x(k - 1, :));
    end
  end
end

function [y, s] = stepped(s, u)
  [y, s] = one(constants(), s, u(:).');
end

function [y, s] = one(c, s, u)
  if ~s.diverged
    x = [s.x; extended(c, s, u, s.x(end, :))];
    phi = [x(c.in_at); s.y(c.out_at)];
    z = tanh(affine(c.b_hid, c.w_hid, phi));
    new = s.y(end, :).' + c.increment .* affine(zeros(${n_out}, 1), c.w_out, z) ...
        + affine(c.bias, c.linear, phi);
    s.diverged = ~all(abs(new) <= ${limit});
    if ~s.diverged
      s.x = x(2:end, :);
      s.y = [s.y(2:end, :); new.'];
    end
  end
  y = (s.y(end, :) .* c.y_std + c.y_offset) + s.y_trim;
end

function r = affine(start, weights, values)
  % start + weights * values, summed from left to right as HeliID does, to the same last bits
  r = cumsum([start, weights .* values.'], 2);
  r = r(:, end);
end

function [y, good] = whole(u, y_start, varargin)
  c = constants();
  n = size(u, 1);
  given = min(n, ${n_start});
  good = n;
  y = zeros(n, ${n_out});
  y(1:given, :) = y_start(1:given, :);
  if n <= ${n_start}
    return
  end
  s = started(at_rest(varargin{:}), u(1:${n_start}, :), y_start);
  for k = ${n_start} + 1:n
    [y(k, :), s] = one(c, s, u(k, :));
    if s.diverged && good == n
      good = k - 1;
    end
  end
end

function x = extended(c, s, u, before)
  x = ((u - s.u_trim) - c.u_offset) ./ c.u_std;
${memory_code}
end

function c = constants()
  persistent kept
  if isempty(kept)
    kept = struct( ...
      'u_trim', ${u_trim}, ...
      'u_offset', ${u_offset}, ...
      'u_std', ${u_std}, ...
      'y_trim', ${y_trim}, ...
      'y_offset', ${y_offset}, ...
      'y_std', ${y_std}, ...
      'bias', ${bias}.', ...
      'b_hid', ${b_hid}.', ...
      'increment', ${increment}.');
    kept.linear = ${linear};
    kept.w_hid = ${w_hid};
    kept.w_out = ${w_out};
    % positions of the regressor in the past outputs and inputs, oldest row first
    kept.out_at = ${out_at}.';
    kept.in_at = ${in_at}.';
  end
  c = kept;
end

function p = about()
  c = constants();
  p = struct('name', '${name}', 'dt', ${dt}, 'n_start', ${n_start}, 'u_trim', c.u_trim, ...
    'y_trim', c.y_trim);
  p.inputs = ${inputs};
  p.outputs = ${outputs};
  p.envelope = ${envelope};
  p.about = ${about};
end

function [u, y, y_std] = test_vector()
  c = constants();
  y_std = c.y_std;
  u = ${test_u};
  y = ${test_y};
end
